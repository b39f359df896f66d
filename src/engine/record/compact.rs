//! Ids in the stored record: as numbers and bytes, not as the hexadecimal text that people read.

/// Run ids.
pub(super) mod run {
    use crate::domain::id::RunId;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(id: &RunId, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u64(id.0)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<RunId, D::Error> {
        u64::deserialize(d).map(RunId)
    }
}

/// A run id that may be absent.
pub(super) mod maybe_run {
    use crate::domain::id::RunId;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(id: &Option<RunId>, s: S) -> Result<S::Ok, S::Error> {
        id.map(|id| id.0).serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<RunId>, D::Error> {
        Ok(Option::<u64>::deserialize(d)?.map(RunId))
    }
}

/// Versions.
pub(super) mod version {
    use crate::domain::id::VersionId;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(id: &VersionId, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u64(id.0)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<VersionId, D::Error> {
        u64::deserialize(d).map(VersionId)
    }
}

/// A version that may be absent.
pub(super) mod maybe_version {
    use crate::domain::id::VersionId;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(id: &Option<VersionId>, s: S) -> Result<S::Ok, S::Error> {
        id.map(|id| id.0).serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<VersionId>, D::Error> {
        Ok(Option::<u64>::deserialize(d)?.map(VersionId))
    }
}

/// Effects.
pub(super) mod effect {
    use crate::domain::id::EffectId;
    use serde::de::{Error, SeqAccess, Visitor};
    use serde::{Deserializer, Serializer};
    use std::fmt;

    pub fn serialize<S: Serializer>(id: &EffectId, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&id.to_bytes())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<EffectId, D::Error> {
        d.deserialize_bytes(TenBytes)
    }

    struct TenBytes;

    impl<'de> Visitor<'de> for TenBytes {
        type Value = EffectId;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("10 bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<EffectId, E> {
            bytes.try_into().map(EffectId::from_bytes).map_err(|_| E::invalid_length(bytes.len(), &self))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<EffectId, A::Error> {
            let mut bytes = [0u8; 10];
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(i, &self))?;
            }
            Ok(EffectId::from_bytes(bytes))
        }
    }
}

/// An effect that may be absent.
pub(super) mod maybe_effect {
    use crate::domain::id::EffectId;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Plain(#[serde(with = "super::effect")] EffectId);

    pub fn serialize<S: Serializer>(id: &Option<EffectId>, s: S) -> Result<S::Ok, S::Error> {
        id.map(Plain).serialize(s)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<EffectId>, D::Error> {
        Option::<Plain>::deserialize(d).map(|id| id.map(|plain| plain.0))
    }
}

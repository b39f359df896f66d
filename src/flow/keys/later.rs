//! What is part of the format and not run by this version: refused by name (RF008), and no part of the schemas.

/// The places, by their names in the schemas, with the keys.
pub(super) const LATER: &[(&str, &str)] = &[
    // Notifications.
    ("notification", "route"),
    ("notification", "until"),
    ("notification", "within"),
    ("notification", "also"),
    ("notification", "hours"),
    ("notification", "kind"),
    ("notification", "email"),
    ("message", "email"),
    ("sms", "provider"),
    ("whatsapp", "provider"),
    ("whatsapp_of_notification", "provider"),
    ("whatsapp_of_notification", "approved"),
    ("notify", "to"),
    ("ask", "to"),
    // Kinds.
    ("state", "deliver"),
    // Tests.
    ("bot", "approved"),
];

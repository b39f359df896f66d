//! Chance from a seed: everything that varies in a run comes from here, so that a seed is a run.

/// A small generator (splitmix64): its numbers depend on the seed and on nothing else, whatever the release of a library.
pub struct Dice(u64);

impl Dice {
    /// A run's.
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice(seed ^ 0x5eed_0f5e_ed0f_5eed);
        dice.bits();
        dice
    }

    /// 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.bits() % u64::try_from(n.max(1)).expect("a small number")).expect("below n")
    }

    /// Whether something happens that happens so many times in a thousand.
    pub fn hits(&mut self, per_mille: u32) -> bool {
        self.bits() % 1_000 < u64::from(per_mille)
    }

    /// One of them.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// One of them by weight.
    pub fn weighted<T: Copy>(&mut self, of: &[(u32, T)]) -> T {
        let total: u32 = of.iter().map(|(weight, _)| weight).sum();
        let mut left = u32::try_from(self.bits() % u64::from(total.max(1))).expect("below the total");
        for (weight, value) in of {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        of[0].1
    }
}

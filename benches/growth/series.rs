//! What was measured: one value for each size, and the same relative to the first.

/// Something that grows, and what a message cost at each of its sizes.
pub struct Dimension {
    /// What grows.
    pub name: &'static str,
    /// How large it was.
    pub sizes: Vec<u64>,
    /// What was measured.
    pub measures: Vec<Measure>,
}

/// How a measure is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Instructions of the engine, or of the embedded store.
    Instructions,
    /// Commands of Redis.
    Commands,
    /// Redis' own time.
    Time,
    /// Reads of the file. Not drawn: a small file is read once and lies in memory.
    Reads,
}

impl Kind {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Instructions => "instructions (engine, embedded store)",
            Kind::Commands => "commands of Redis",
            Kind::Time => "time of Redis",
            Kind::Reads => "reads of the file",
        }
    }
}

/// One measure.
pub struct Measure {
    /// What it counts.
    pub kind: Kind,
    /// What it is called in the table.
    pub name: &'static str,
    /// For each size; fewer where it could not be counted.
    pub values: Vec<f64>,
}

/// What could be counted, up to the first size at which it could not: a value belongs to the size of its place.
pub fn counted(values: Vec<Option<f64>>) -> Vec<f64> {
    values.into_iter().map_while(|value| value).collect()
}

impl Measure {
    /// Relative to the first.
    pub fn relative(&self) -> Vec<f64> {
        let first = self.values.first().copied().unwrap_or(1.0);
        self.values.iter().map(|value| value / first).collect()
    }
}

impl Dimension {
    /// Whether every measure has a value at each size.
    pub fn is_whole(&self) -> bool {
        self.measures.iter().all(|measure| measure.values.len() == self.sizes.len())
    }

    /// One line for each measure.
    pub fn print(&self) {
        print!("\n{:54}      at first", self.name);
        self.sizes.iter().for_each(|size| print!("  {size:>9}"));
        println!();
        for measure in &self.measures {
            let Some(first) = measure.values.first() else {
                println!("  {:52}  not counted (is valgrind on the path?)", measure.name);
                continue;
            };
            print!("  {:52}  {first:12.2}", measure.name);
            let shown = if measure.kind == Kind::Reads { measure.values.clone() } else { measure.relative() };
            shown.iter().for_each(|value| print!("  {value:>9.2}"));
            println!();
        }
    }
}

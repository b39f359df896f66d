//! What is wrong in the configuration: all of it at once, each with its key, its place and what to do.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of the project's file, counted from 1; 0 is the file as a whole.
    File(u32),
    /// A variable of the environment.
    Environment(String),
    /// The defaults that come with the program.
    Default,
}

/// One thing that is wrong. Never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// Which setting: `channels.main-sms.number`.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Everything that is wrong. Never empty when it is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    /// The project's file, if there is one.
    pub file: Option<PathBuf>,
    /// In the order of the file; what came from the environment is last.
    pub list: Vec<Mistake>,
}

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_ref().map_or_else(|| "replyflow.toml".to_owned(), |p| p.display().to_string());
        for (i, mistake) in self.list.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            match &mistake.place {
                Place::File(0) => write!(f, "{file}: ")?,
                Place::File(line) => write!(f, "{file}:{line}: ")?,
                Place::Environment(variable) => write!(f, "environment variable {variable}: ")?,
                Place::Default => write!(f, "built-in defaults: ")?,
            }
            if !mistake.key.is_empty() {
                write!(f, "{}: ", mistake.key)?;
            }
            f.write_str(&mistake.message)?;
            if let Some(help) = &mistake.help {
                write!(f, "\n  {help}")?;
            }
        }
        Ok(())
    }
}

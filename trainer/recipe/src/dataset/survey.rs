//! A first look at a dataset: its schema and its bad lines, before anything is uploaded.

use super::{Fault, Json, Limits, Line, Lines, Schema};
use std::io::{self, BufRead};

/// What the lines alone tell. What a chat template or a tokenizer would refuse is
/// only found where the model is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Set by the first line that has one.
    pub schema: Option<Schema>,
    pub lines: u64,
    pub blank: u64,
    pub bad: u64,
    /// Bad lines by number, up to `findings_max` of the limits.
    pub findings: Vec<(u64, Fault)>,
}

/// Reads all lines, up to `lines_max` of the limits; a longer dataset is cut there,
/// which `lines` shows.
pub fn survey(source: impl BufRead, limits: Limits) -> io::Result<Survey> {
    let mut survey = Survey::default();
    let mut lines = Lines::new(source, limits.line_bytes_max);
    while survey.lines < limits.lines_max {
        let Some(line) = lines.next_line()? else {
            break;
        };
        survey.take(&line, limits);
    }
    Ok(survey)
}

impl Survey {
    /// Whether anything could be trained on, and nothing stands in the way.
    pub fn is_sound(&self) -> bool {
        self.bad == 0 && self.lines > self.blank
    }

    fn take(&mut self, line: &Line, limits: Limits) {
        self.lines += 1;
        match self.judge(line, limits) {
            Ok(true) => {}
            Ok(false) => self.blank += 1,
            Err(fault) => self.blame(line.number, fault, limits.findings_max),
        }
    }

    /// Whether there is an example on the line.
    fn judge(&mut self, line: &Line, limits: Limits) -> Result<bool, Fault> {
        let text = line.text.as_ref().map_err(Clone::clone)?;
        if text.trim().is_empty() {
            return Ok(false);
        }
        let value = Json::parse(text, limits)?;
        let schema = match self.schema {
            Some(schema) => schema,
            None => Schema::detect(&value)?,
        };
        self.schema = Some(schema);
        schema.read(&value, limits).map(|_example| true)
    }

    fn blame(&mut self, line: u64, fault: Fault, findings_max: usize) {
        self.bad += 1;
        if self.findings.len() < findings_max {
            self.findings.push((line, fault));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lines_are_named_and_blank_ones_counted() {
        let text =
            "{\"text\":\"a\"}\n\n{\"prompt\":\"a\",\"completion\":\"b\"}\n{\"text\":\"b\"}\n[\n";

        let found = survey(text.as_bytes(), Limits::default()).unwrap();

        assert_eq!(found.schema, Some(Schema::Text));
        assert_eq!((found.lines, found.blank, found.bad), (5, 1, 2));
        let lines: Vec<u64> = found.findings.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 5]);
        assert!(!found.is_sound());
    }

    #[test]
    fn an_endless_dataset_is_cut_at_the_limit() {
        let limits = Limits {
            lines_max: 3,
            ..Limits::default()
        };

        let found = survey("{\"text\":\"a\"}\n".repeat(10).as_bytes(), limits).unwrap();

        assert_eq!(found.lines, 3);
        assert!(found.is_sound());
    }
}

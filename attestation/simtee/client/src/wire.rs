//! The frames between a simulated machine and the program inside it.

const VERSION: u8 = 1;
const REPORT: u8 = 1;
const DERIVED_KEY: u8 = 2;
const DONE: u8 = 0;

/// Every request has this length.
pub const REQUEST_BYTES: usize = 66;

/// What is asked of the simulated firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Report([u8; 64]),
    DerivedKey,
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Done(Vec<u8>),
    Refused(String),
}

/// Bytes that are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    #[error("a frame of another length")]
    Length,
    #[error("a frame of version {0}")]
    Version(u8),
    #[error("the unknown operation {0}")]
    Operation(u8),
}

impl Request {
    pub fn to_bytes(&self) -> [u8; REQUEST_BYTES] {
        let (operation, body) = match self {
            Self::Report(report_data) => (REPORT, *report_data),
            Self::DerivedKey => (DERIVED_KEY, [0; 64]),
        };
        let mut bytes = [0; REQUEST_BYTES];
        let frame = [VERSION, operation].into_iter().chain(body);
        bytes
            .iter_mut()
            .zip(frame)
            .for_each(|(to, from)| *to = from);
        bytes
    }

    pub fn parse(bytes: &[u8; REQUEST_BYTES]) -> Result<Self, BadFrame> {
        let [version, operation, body @ ..] = bytes;
        match (*version, *operation) {
            (VERSION, REPORT) => Ok(Self::Report(*body)),
            (VERSION, DERIVED_KEY) => Ok(Self::DerivedKey),
            (VERSION, operation) => Err(BadFrame::Operation(operation)),
            (version, _) => Err(BadFrame::Version(version)),
        }
    }
}

impl Answer {
    pub fn to_bytes(&self) -> Vec<u8> {
        let (status, body) = match self {
            Self::Done(bytes) => (DONE, bytes.as_slice()),
            Self::Refused(why) => (1, why.as_bytes()),
        };
        [&[status], length(body).as_slice(), body].concat()
    }

    pub fn parse(bytes: &[u8]) -> Result<Self, BadFrame> {
        let (status, rest) = bytes.split_first().ok_or(BadFrame::Length)?;
        let body = match split_counted(rest)? {
            (body, []) => body,
            (_body, _trailing) => return Err(BadFrame::Length),
        };
        Ok(match *status {
            DONE => Self::Done(body.to_vec()),
            _refused => Self::Refused(String::from_utf8_lossy(body).into_owned()),
        })
    }
}

/// A report with its certificate table, as the body of an answer.
pub fn join_report(report: &[u8], table: &[u8]) -> Vec<u8> {
    [length(report).as_slice(), report, table].concat()
}

/// The report and the table of such a body.
pub fn split_report(body: &[u8]) -> Result<(&[u8], &[u8]), BadFrame> {
    split_counted(body)
}

fn split_counted(bytes: &[u8]) -> Result<(&[u8], &[u8]), BadFrame> {
    let (length, rest) = bytes.split_first_chunk().ok_or(BadFrame::Length)?;
    let length = usize::try_from(u32::from_be_bytes(*length));
    let length = length.map_err(|_too_long| BadFrame::Length)?;
    rest.split_at_checked(length).ok_or(BadFrame::Length)
}

/// Bodies are far below 4 GiB.
fn length(body: &[u8]) -> [u8; 4] {
    u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_its_bytes() {
        for request in [Request::Report([7; 64]), Request::DerivedKey] {
            assert_eq!(Request::parse(&request.to_bytes()), Ok(request));
        }
    }

    #[test]
    fn an_answer_survives_its_bytes() {
        for answer in [Answer::Done(vec![1, 2]), Answer::Refused("no".to_owned())] {
            assert_eq!(Answer::parse(&answer.to_bytes()), Ok(answer));
        }
    }

    #[test]
    fn a_cut_answer_is_refused() {
        let bytes = Answer::Done(vec![1, 2, 3]).to_bytes();

        for cut in 0..bytes.len() {
            assert_eq!(Answer::parse(&bytes[..cut]), Err(BadFrame::Length));
        }
    }

    #[test]
    fn report_and_table_come_apart_as_they_were_joined() {
        let body = join_report(b"report", b"table");

        assert_eq!(
            split_report(&body),
            Ok((b"report".as_slice(), b"table".as_slice()))
        );
    }
}

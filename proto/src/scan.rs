//! The bound on what foreign bytes can make a reader allocate.
//!
//! Protobuf lets two bytes stand for an element that takes hundreds in memory.
//! So the bytes are walked before they are decoded, with the message's shape and
//! no allocation, and the elements of its lists are counted.

use crate::limits::{ELEMENTS_MAX, MESSAGE_BYTES_MAX};
use crate::{Fault, Malformed};
use bytes::Bytes;

include!(concat!(env!("OUT_DIR"), "/shapes.rs"));

/// The fields of a message that hold others or are lists.
#[derive(Debug)]
pub(crate) struct Shape {
    name: &'static str,
    fields: &'static [Field],
}

#[derive(Debug)]
struct Field {
    number: u64,
    repeated: bool,
    /// Where in [`SHAPES`].
    message: Option<usize>,
}

/// Our messages nest nine deep; prost itself stops at 100.
const DEPTH_MAX: usize = 32;

/// Decodes a message whose size and whose number of elements are within limits.
pub(crate) fn decode<W>(bytes: Bytes) -> Result<W, Malformed>
where
    W: prost::Message + prost::Name + Default,
{
    if bytes.len() > MESSAGE_BYTES_MAX {
        return Err(Fault::TooLong {
            bytes: bytes.len(),
            max: MESSAGE_BYTES_MAX,
        }
        .into());
    }
    let mut elements = 0;
    walk(&bytes, shape(&W::full_name()), DEPTH_MAX, &mut elements)?;
    Ok(W::decode(bytes)?)
}

fn shape(name: &str) -> &'static Shape {
    let index = SHAPES
        .binary_search_by(|shape| shape.name.cmp(name))
        .expect("the build writes a shape for every message");
    &SHAPES[index]
}

fn walk(mut rest: &[u8], shape: &Shape, depth: usize, elements: &mut usize) -> Result<(), Fault> {
    let depth = depth.checked_sub(1).ok_or(Fault::NotProtobuf)?;
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        match key & 7 {
            0 => drop(varint(&mut rest)?),
            1 => drop(take(&mut rest, 8)?),
            5 => drop(take(&mut rest, 4)?),
            2 => {
                let size = varint(&mut rest)?;
                let content = take(&mut rest, size)?;
                enter(content, shape.field(key >> 3), depth, elements)?;
            }
            // Groups; no message of ours ever had one.
            _ => return Err(Fault::NotProtobuf),
        }
    }
    Ok(())
}

fn enter(
    content: &[u8],
    field: Option<&Field>,
    depth: usize,
    elements: &mut usize,
) -> Result<(), Fault> {
    let Some(field) = field else { return Ok(()) };
    if field.repeated {
        *elements = count(*elements)?;
    }
    match field.message {
        Some(index) => walk(content, &SHAPES[index], depth, elements),
        None => Ok(()),
    }
}

fn count(elements: usize) -> Result<usize, Fault> {
    if elements < ELEMENTS_MAX {
        return Ok(elements + 1);
    }
    Err(Fault::TooMany {
        count: ELEMENTS_MAX + 1,
        max: ELEMENTS_MAX,
    })
}

impl Shape {
    fn field(&self, number: u64) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.number == number)
    }
}

fn varint(rest: &mut &[u8]) -> Result<u64, Fault> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let (&byte, tail) = rest.split_first().ok_or(Fault::NotProtobuf)?;
        *rest = tail;
        value |= u64::from(byte & 0x7f).wrapping_shl(shift);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Fault::NotProtobuf)
}

fn take<'a>(rest: &mut &'a [u8], size: u64) -> Result<&'a [u8], Fault> {
    let size = usize::try_from(size).map_err(|_range| Fault::NotProtobuf)?;
    let (head, tail) = rest.split_at_checked(size).ok_or(Fault::NotProtobuf)?;
    *rest = tail;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use crate::limits::{ELEMENTS_MAX, LOG_LINES_MAX, MESSAGE_BYTES_MAX};
    use crate::task::{LogLines, TaskStatus};
    use crate::{Fault, Message};

    /// Log lines without content: two bytes each.
    fn empty_lines(count: usize) -> Vec<u8> {
        [0x0a, 0x00].repeat(count)
    }

    #[test]
    fn a_list_far_over_its_limit_is_refused_before_it_is_built() {
        let refused = LogLines::decode(empty_lines(ELEMENTS_MAX + 1).into()).unwrap_err();

        let (count, max) = (ELEMENTS_MAX + 1, ELEMENTS_MAX);
        assert_eq!(refused.fault(), &Fault::TooMany { count, max });
        assert_eq!(refused.path(), "");
    }

    #[test]
    fn a_list_just_over_its_limit_is_refused_by_name() {
        let refused = LogLines::decode(empty_lines(LOG_LINES_MAX + 1).into()).unwrap_err();

        let (count, max) = (LOG_LINES_MAX + 1, LOG_LINES_MAX);
        assert_eq!(refused.fault(), &Fault::TooMany { count, max });
        assert_eq!(refused.path(), "lines");
    }

    #[test]
    fn a_message_over_every_limit_is_refused_unread() {
        let refused = TaskStatus::decode(vec![0xff; MESSAGE_BYTES_MAX + 1].into()).unwrap_err();

        assert!(matches!(refused.fault(), Fault::TooLong { .. }));
    }

    #[test]
    fn groups_are_refused() {
        let refused = TaskStatus::decode(vec![0x0b, 0x0c].into()).unwrap_err();

        assert_eq!(refused.fault(), &Fault::NotProtobuf);
    }

    #[test]
    fn a_field_of_a_later_version_is_passed_over() {
        let unknown_field = [0xfa, 0x7f, 0x03, 1, 2, 3];

        assert!(LogLines::decode(unknown_field.to_vec().into()).is_ok());
    }
}

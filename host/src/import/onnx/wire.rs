//! Proves an ONNX file's wire format before it is parsed.
//!
//! The protobuf parser allocates as many bytes as a length field says and recurses as deep as
//! messages are nested; it is made for files that are trusted. This walk over the bytes allocates
//! nothing and proves what the parser then relies on: every field lies within its message, packed
//! fields end where their last element does, nesting is shallow, and what is parsed fits memory.
//! Wire format: <https://protobuf.dev/programming-guides/encoding/>; field numbers: `onnx.proto3`.

use crate::import::ImportError;

/// Most memory that the parsed model may take, in bytes, as estimated by the constants below. Small
/// fields grow when they are parsed, so that the file's length alone bounds little.
const MAX_PARSED_BYTES: usize = 1 << 30;

/// Of a message: the largest, an attribute or a tensor, in a vector that doubles.
const MESSAGE_BYTES: usize = 1024;

/// Of a text beside its bytes.
const TEXT_BYTES: usize = 64;

/// Of a number.
const NUMBER_BYTES: usize = 16;

/// Messages in messages. A sub-graph is three deeper than its parent: graph, node, attribute.
const MAX_DEPTH: usize = 64;

/// The messages that are parsed.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Opset,
    Entry,
    Function,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    SequenceType,
    Shape,
    Dimension,
}

/// What the bytes of a length-delimited field are.
enum Content {
    Message(Message),
    /// Elements of this many bytes.
    Fixed(usize),
    Varints,
    Text,
    Bytes,
}

impl Message {
    fn content(self, field: u64) -> Content {
        use Content::{Bytes, Fixed, Message as Sub, Text, Varints};
        match (self, field) {
            (Self::Model, 7) | (Self::Attribute, 6) => Sub(Self::Graph),
            (Self::Model, 8) | (Self::Function, 9) => Sub(Self::Opset),
            (Self::Model, 25) => Sub(Self::Function),
            (Self::Model, 14) | (Self::Tensor, 13) => Sub(Self::Entry),
            (Self::Graph, 1) | (Self::Function, 7) => Sub(Self::Node),
            (Self::Graph, 5) | (Self::Attribute, 5) => Sub(Self::Tensor),
            (Self::Graph, 11..=13) => Sub(Self::ValueInfo),
            (Self::Node, 5) | (Self::Function, 11) => Sub(Self::Attribute),
            (Self::ValueInfo, 2) | (Self::SequenceType, 1) => Sub(Self::Type),
            (Self::Type, 1) => Sub(Self::TensorType),
            (Self::Type, 4) => Sub(Self::SequenceType),
            (Self::TensorType, 2) => Sub(Self::Shape),
            (Self::Shape, 1) => Sub(Self::Dimension),
            (Self::Tensor, 4) => Fixed(4),
            (Self::Tensor, 10) => Fixed(8),
            (Self::Tensor, 5 | 7) => Varints,
            (Self::Model, 2 | 3)
            | (Self::Opset, 1)
            | (Self::Entry, 1 | 2)
            | (Self::Node, 1..=4 | 7)
            | (Self::Attribute, 1 | 4 | 9 | 21)
            | (Self::Function, 1 | 4..=6 | 10)
            | (Self::Tensor, 8)
            | (Self::ValueInfo, 1)
            | (Self::Dimension, 2) => Text,
            _ => Bytes,
        }
    }
}

/// Checks that `bytes` are a model's wire format.
///
/// # Errors
/// [`ImportError::Protobuf`], with the place.
pub(super) fn check(bytes: &[u8]) -> Result<(), ImportError> {
    let mut walk = Walk {
        bytes,
        at: 0,
        parsed_bytes: 0,
    };
    walk.message(Message::Model, bytes.len(), 0)
}

/// Checks that `bytes` are a tensor's wire format.
///
/// # Errors
/// As [`check`].
pub(super) fn check_tensor(bytes: &[u8]) -> Result<(), ImportError> {
    let mut walk = Walk {
        bytes,
        at: 0,
        parsed_bytes: 0,
    };
    walk.message(Message::Tensor, bytes.len(), 0)
}

struct Walk<'b> {
    bytes: &'b [u8],
    at: usize,
    parsed_bytes: usize,
}

impl Walk<'_> {
    fn message(&mut self, message: Message, end: usize, depth: usize) -> Result<(), ImportError> {
        self.spend(MESSAGE_BYTES)?;
        if depth > MAX_DEPTH {
            return Err(self.error("messages are nested too deep"));
        }
        while self.at < end {
            let tag = self.varint(end)?;
            if tag >> 3 == 0 {
                return Err(self.error("field number 0"));
            }
            self.spend(NUMBER_BYTES)?;
            match tag & 7 {
                0 => {
                    self.varint(end)?;
                }
                1 => self.skip(8, end)?,
                2 => self.delimited(message.content(tag >> 3), end, depth)?,
                5 => self.skip(4, end)?,
                _ => return Err(self.error("unknown wire type")),
            }
        }
        Ok(())
    }

    fn delimited(&mut self, content: Content, end: usize, depth: usize) -> Result<(), ImportError> {
        let len = self.varint(end)?;
        let Some(len) = usize::try_from(len)
            .ok()
            .filter(|&len| len <= end - self.at)
        else {
            return Err(self.error(&format!(
                "a field of {len} bytes where {} are left: the file is truncated or damaged",
                end - self.at
            )));
        };
        let end = self.at + len;
        match content {
            Content::Message(message) => return self.message(message, end, depth + 1),
            Content::Fixed(width) if !len.is_multiple_of(width) => {
                return Err(self.error("a packed field ends within an element"));
            }
            Content::Varints => {
                while self.at < end {
                    self.spend(NUMBER_BYTES)?;
                    self.varint(end)?;
                }
            }
            Content::Text if std::str::from_utf8(&self.bytes[self.at..end]).is_err() => {
                return Err(self.error("a text is not UTF-8"));
            }
            Content::Text => self.spend(TEXT_BYTES + len)?,
            Content::Fixed(_) | Content::Bytes => self.spend(2 * len)?,
        }
        self.at = end;
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ImportError> {
        self.parsed_bytes += bytes;
        if self.parsed_bytes > MAX_PARSED_BYTES {
            return Err(self.error("the model is too large: it would take more than a gigabyte"));
        }
        Ok(())
    }

    fn skip(&mut self, len: usize, end: usize) -> Result<(), ImportError> {
        if len > end - self.at {
            return Err(self.error("a field ends early: the file is truncated or damaged"));
        }
        self.at += len;
        Ok(())
    }

    fn varint(&mut self, end: usize) -> Result<u64, ImportError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let Some(&byte) = self.bytes[..end].get(self.at) else {
                return Err(self.error("a number ends early: the file is truncated or damaged"));
            };
            // The tenth byte holds the last of 64 bits.
            if shift == 63 && byte > 1 {
                break;
            }
            self.at += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.error("a number has more than 64 bits"))
    }

    fn error(&self, reason: &str) -> ImportError {
        ImportError::Protobuf {
            offset: self.at,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        check(bytes).unwrap_err().to_string()
    }

    #[test]
    fn lengths_beyond_their_message_are_refused() {
        // producer_name of 2^63 - 1 bytes.
        let huge = [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert!(refused(&huge).contains("truncated"));
        // A graph of 3 bytes with a node of 2 whose length ends outside of the graph.
        assert!(refused(&[0x3a, 3, 0x0a, 2, 0x22, 0, 0]).contains("truncated"));
    }

    #[test]
    fn packed_fields_must_end_with_an_element() {
        let model = |tensor: &[u8]| {
            let mut bytes = vec![0x3a, u8::try_from(tensor.len() + 2).unwrap(), 0x2a];
            bytes.push(u8::try_from(tensor.len()).unwrap());
            bytes.extend(tensor);
            bytes
        };
        assert!(check(&model(&[0x22, 4, 0, 0, 0, 0])).is_ok());
        assert!(refused(&model(&[0x22, 5, 0, 0, 0, 0, 0])).contains("packed"));
        assert!(check(&model(&[0x3a, 2, 0x80, 0x01])).is_ok());
        assert!(refused(&model(&[0x3a, 1, 0x80, 0x22, 0])).contains("ends early"));
    }

    /// A length as a varint.
    fn length(mut len: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while len >= 0x80 {
            bytes.push(u8::try_from(len & 0x7f).unwrap() | 0x80);
            len >>= 7;
        }
        bytes.push(u8::try_from(len).unwrap());
        bytes
    }

    #[test]
    fn deep_nesting_is_refused_without_recursion_to_the_end() {
        // A graph in an attribute of a node of a graph, and so on.
        let mut bytes = Vec::new();
        for tag in [0x32, 0x2a, 0x0a].repeat(1000).into_iter().chain([0x3a]) {
            let inner = std::mem::take(&mut bytes);
            bytes.push(tag);
            bytes.extend(length(inner.len()));
            bytes.extend(inner);
        }
        assert!(refused(&bytes).contains("nested"));
    }

    #[test]
    fn small_fields_that_grow_are_bounded() {
        // Nodes of no content: two bytes of the file each.
        let mut model = vec![0x3a];
        let nodes = 2 * 1024 * 1024;
        model.extend(length(2 * nodes));
        model.extend([0x0a, 0].repeat(nodes));
        assert!(refused(&model).contains("too large"));
    }

    #[test]
    fn numbers_have_64_bits() {
        let mut bytes = vec![0x08];
        bytes.extend([0xff; 9]);
        bytes.push(1);
        assert!(check(&bytes).is_ok());
        bytes[10] = 2;
        assert!(refused(&bytes).contains("64 bits"));
    }
}

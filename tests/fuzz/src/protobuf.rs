// Changes of ONNX files that leave them protobuf: fields are dropped, doubled, exchanged and
// changed, and every length is written anew.

use crate::chance::{Chance, TELLING};

/// Deepest message that is taken apart.
const MAX_DEPTH: usize = 8;

struct Field {
    number: u32,
    value: Value,
}

enum Value {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(Vec<u8>),
    Message(Vec<Field>),
}

/// A message of ONNX's schema, as far as it is taken apart: number of the field and what is in it.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Other,
}

impl Kind {
    fn of(self, number: u32) -> Option<Self> {
        Some(match (self, number) {
            (Self::Model, 7) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) => Self::Tensor,
            (Self::Graph, 11..=13) => Self::ValueInfo,
            (Self::Node, 5) => Self::Attribute,
            (Self::ValueInfo, 2) => Self::Type,
            (Self::Type, 1) => Self::TensorType,
            (Self::TensorType, 2) => Self::Shape,
            (Self::Shape, 1) | (Self::Model, 8) => Self::Other,
            _ => return None,
        })
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn parse(mut bytes: &[u8], kind: Kind, depth: usize) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let number = u32::try_from(key >> 3).ok()?;
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut bytes)?),
            1 => {
                let (head, rest) = bytes.split_first_chunk::<8>()?;
                bytes = rest;
                Value::Fixed64(*head)
            }
            2 => {
                let len = usize::try_from(varint(&mut bytes)?).ok()?;
                let (head, rest) = bytes.split_at_checked(len)?;
                bytes = rest;
                let inner = kind.of(number).filter(|_| depth < MAX_DEPTH);
                match inner.and_then(|inner| parse(head, inner, depth + 1)) {
                    Some(inner) => Value::Message(inner),
                    None => Value::Bytes(head.to_vec()),
                }
            }
            5 => {
                let (head, rest) = bytes.split_first_chunk::<4>()?;
                bytes = rest;
                Value::Fixed32(*head)
            }
            _ => return None,
        };
        fields.push(Field { number, value });
    }
    Some(fields)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn write(fields: &[Field], out: &mut Vec<u8>) {
    for field in fields {
        let mut head = |wire: u64| put_varint(out, u64::from(field.number) << 3 | wire);
        match &field.value {
            Value::Varint(value) => {
                head(0);
                put_varint(out, *value);
            }
            Value::Fixed64(bytes) => {
                head(1);
                out.extend(bytes);
            }
            Value::Fixed32(bytes) => {
                head(5);
                out.extend(bytes);
            }
            Value::Bytes(bytes) => {
                head(2);
                put_varint(out, bytes.len() as u64);
                out.extend(bytes);
            }
            Value::Message(fields) => {
                head(2);
                let mut inner = Vec::new();
                write(fields, &mut inner);
                put_varint(out, inner.len() as u64);
                out.extend(inner);
            }
        }
    }
}

/// Every list of fields, outermost first.
fn lists<'f>(fields: &'f mut Vec<Field>, visit: &mut dyn FnMut(&mut Vec<Field>)) {
    visit(fields);
    for field in fields {
        if let Value::Message(inner) = &mut field.value {
            lists(inner, visit);
        }
    }
}

/// Names and other short texts of the file.
fn texts(fields: &[Field], found: &mut Vec<Vec<u8>>) {
    for field in fields {
        match &field.value {
            Value::Bytes(bytes) if (1..=24).contains(&bytes.len()) => found.push(bytes.clone()),
            Value::Message(inner) => texts(inner, found),
            _ => {}
        }
    }
}

/// A file with a change or a few; none for what is no protobuf.
pub fn mutate(file: &[u8], operators: &[&str], chance: &mut Chance) -> Option<Vec<u8>> {
    let mut model = parse(file, Kind::Model, 0)?;
    let mut names = Vec::new();
    texts(&model, &mut names);
    for _ in 0..1 + chance.below(3) {
        let mut count = 0;
        lists(&mut model, &mut |list| count += usize::from(!list.is_empty()));
        let chosen = chance.below(count.max(1));
        let mut at = 0;
        lists(&mut model, &mut |list| {
            if !list.is_empty() {
                if at == chosen {
                    change(list, operators, &names, chance);
                }
                at += 1;
            }
        });
    }
    let mut out = Vec::new();
    write(&model, &mut out);
    Some(out)
}

fn change(list: &mut Vec<Field>, operators: &[&str], names: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(list.len());
    match chance.below(10) {
        0 => {
            list.remove(at);
            return;
        }
        1 => {
            let mut copy = Vec::new();
            write(&list[at..=at], &mut copy);
            if let Some(copy) = parse(&copy, Kind::Other, MAX_DEPTH) {
                list.extend(copy);
            }
            return;
        }
        2 => {
            let other = chance.below(list.len());
            list.swap(at, other);
            return;
        }
        _ => {}
    }
    match &mut list[at].value {
        Value::Varint(value) => {
            *value = match chance.below(4) {
                0 => TELLING[chance.below(TELLING.len())].into(),
                1 => value.wrapping_add(chance.below(5) as u64).wrapping_sub(2),
                2 => u64::MAX - chance.below(4) as u64,
                _ => chance.below(12) as u64,
            };
        }
        Value::Fixed64(bytes) => bytes[chance.below(8)] = chance.bits() as u8,
        Value::Fixed32(bytes) => *bytes = TELLING[chance.below(TELLING.len())].to_le_bytes(),
        Value::Bytes(bytes) => match chance.below(6) {
            // A node's operator is a text like any other; so are the names that it reads.
            0 => *bytes = operators[chance.below(operators.len())].into(),
            1 | 2 => *bytes = chance.one_of(names).cloned().unwrap_or_default(),
            3 if !bytes.is_empty() => {
                let at = chance.below(bytes.len());
                bytes[at] = chance.bits() as u8;
            }
            4 => bytes.truncate(chance.below(bytes.len() + 1)),
            _ => bytes.push(chance.below(4) as u8),
        },
        Value::Message(inner) => {
            if inner.is_empty() {
                inner.push(Field {
                    number: 1,
                    value: Value::Varint(chance.below(9) as u64),
                });
            } else {
                change(inner, operators, names, chance);
            }
        }
    }
}

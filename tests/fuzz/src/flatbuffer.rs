// Changes of .tflite files that leave them files: numbers that the schema gives a meaning are
// replaced in place.

use crate::chance::{Chance, TELLING};

/// A number in the file: where it is, its bytes, and what it means.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    bytes: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A builtin operator.
    Operator,
    /// An element type.
    Type,
    /// An index of a tensor, buffer or operator code.
    Index,
    /// An extent or another small integer.
    Number,
    Scale,
    ZeroPoint,
    /// The type of options, or anything inside of them.
    Options,
}

struct Walk<'a> {
    file: &'a [u8],
    places: Vec<Place>,
}

/// Replaces a number or a few of them; does nothing to what is no .tflite file.
pub fn mutate(file: &mut [u8], chance: &mut Chance) {
    let mut walk = Walk {
        file,
        places: Vec::new(),
    };
    walk.model();
    let places = walk.places;
    for _ in 0..1 + chance.below(3) {
        let Some(&place) = chance.one_of(&places) else {
            return;
        };
        let bytes = &mut file[place.at..place.at + place.bytes];
        let telling = TELLING[chance.below(TELLING.len())];
        let value: u64 = match place.kind {
            Kind::Operator => chance.below(165) as u64,
            Kind::Type => chance.below(20) as u64,
            Kind::Index => chance.below(12) as u64,
            Kind::Number | Kind::Options if chance.below(3) > 0 => chance.below(9) as u64,
            Kind::Number | Kind::Options => telling.into(),
            Kind::Scale if chance.below(2) > 0 => {
                let scale = 2f32.powi(chance.below(48) as i32 - 32);
                scale.to_bits().into()
            }
            Kind::Scale => telling.into(),
            Kind::ZeroPoint => (chance.below(300) as i64 - 150) as u64,
        };
        bytes.copy_from_slice(&value.to_le_bytes()[..bytes.len()]);
    }
}

impl Walk<'_> {
    fn word(&self, at: usize) -> Option<usize> {
        let bytes = self.file.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    }

    fn target(&self, at: usize) -> Option<usize> {
        at.checked_add(self.word(at)?)
            .filter(|&target| target < self.file.len())
    }

    fn field(&self, table: usize, id: usize) -> Option<usize> {
        let back = self.word(table)? as u32 as i32;
        let vtable = usize::try_from(table as i64 - i64::from(back)).ok()?;
        let len = self.word(vtable)? & 0xffff;
        let slot = 4 + 2 * id;
        if slot + 2 > len {
            return None;
        }
        let distance = self.word(vtable + slot)? & 0xffff;
        (distance > 0).then(|| table + distance)
    }

    fn note(&mut self, at: Option<usize>, bytes: usize, kind: Kind) {
        if let Some(at) = at
            && at + bytes <= self.file.len()
            && self.places.len() < 4096
        {
            self.places.push(Place { at, bytes, kind });
        }
    }

    /// Start and length of a vector, shortened to what is sensible.
    fn vector(&self, table: usize, id: usize) -> (usize, usize) {
        let found = self.field(table, id).and_then(|at| self.target(at));
        let len = found.and_then(|at| self.word(at));
        found.zip(len).map_or((0, 0), |(at, len)| (at + 4, len.min(64)))
    }

    fn elements(&mut self, table: usize, id: usize, bytes: usize, kind: Kind) {
        let (start, len) = self.vector(table, id);
        for index in 0..len {
            self.note(Some(start + index * bytes), bytes, kind);
        }
    }

    fn tables(&self, table: usize, id: usize) -> Vec<usize> {
        let (start, len) = self.vector(table, id);
        (0..len)
            .filter_map(|index| self.target(start + 4 * index))
            .collect()
    }

    fn model(&mut self) {
        let Some(root) = self.target(0) else {
            return;
        };
        for code in self.tables(root, 1) {
            self.note(self.field(code, 0), 1, Kind::Operator);
            self.note(self.field(code, 3), 4, Kind::Operator);
        }
        for graph in self.tables(root, 2) {
            for tensor in self.tables(graph, 0) {
                self.tensor(tensor);
            }
            self.elements(graph, 1, 4, Kind::Index);
            self.elements(graph, 2, 4, Kind::Index);
            for operator in self.tables(graph, 3) {
                self.operator(operator);
            }
        }
    }

    fn tensor(&mut self, tensor: usize) {
        self.elements(tensor, 0, 4, Kind::Number);
        self.note(self.field(tensor, 1), 1, Kind::Type);
        self.note(self.field(tensor, 2), 4, Kind::Index);
        self.note(self.field(tensor, 5), 1, Kind::Number);
        self.elements(tensor, 7, 4, Kind::Number);
        if let Some(quantization) = self.field(tensor, 4).and_then(|at| self.target(at)) {
            self.elements(quantization, 2, 4, Kind::Scale);
            self.elements(quantization, 3, 8, Kind::ZeroPoint);
            self.note(self.field(quantization, 6), 4, Kind::Number);
        }
    }

    fn operator(&mut self, operator: usize) {
        self.note(self.field(operator, 0), 4, Kind::Index);
        self.elements(operator, 1, 4, Kind::Index);
        self.elements(operator, 2, 4, Kind::Index);
        self.note(self.field(operator, 3), 1, Kind::Options);
        if let Some(options) = self.field(operator, 4).and_then(|at| self.target(at)) {
            for id in 0..12 {
                self.note(self.field(options, id), 1, Kind::Options);
                self.note(self.field(options, id), 4, Kind::Options);
            }
        }
    }
}

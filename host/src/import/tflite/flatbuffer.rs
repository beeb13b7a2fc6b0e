//! Reading `FlatBuffers`: every offset is compared with the bytes that are there before it is
//! followed.
//!
//! A table starts with a signed distance back to its vtable, which lists for each field how far
//! behind the table's start it lies (0: absent, the default holds). Strings and vectors are
//! counts with their elements behind. The schema that is read here has a fixed depth, so offsets
//! that form a cycle cannot make a reader walk in circles.
//!
//! Specification: <https://flatbuffers.dev/internals/>.

use crate::import::ImportError;

/// Bytes of an offset, a count or a vtable distance.
const WORD_BYTES: usize = 4;

/// A table in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    start: usize,
    vtable: &'a [u8],
}

/// A vector of numbers or offsets, all of it inside the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector<'a> {
    bytes: &'a [u8],
    start: usize,
    len: usize,
    element_bytes: usize,
}

impl<'a> Table<'a> {
    /// The table that the first word of the file points at.
    pub(super) fn root(bytes: &'a [u8]) -> Result<Self, ImportError> {
        Self::at_offset(bytes, 0)
    }

    /// The table that the offset at `at` points at.
    fn at_offset(bytes: &'a [u8], at: usize) -> Result<Self, ImportError> {
        let start = target(bytes, at)?;
        let back = i32::from_le_bytes(array(bytes, start)?);
        let vtable = i64::try_from(start)
            .ok()
            .and_then(|start| usize::try_from(start - i64::from(back)).ok())
            .ok_or_else(|| damaged(start, "a table's vtable lies outside of the file"))?;
        let vtable_bytes = usize::from(u16::from_le_bytes(array(bytes, vtable)?));
        let vtable = vtable
            .checked_add(vtable_bytes)
            .and_then(|end| bytes.get(vtable..end))
            .filter(|vtable| vtable.len() >= WORD_BYTES)
            .ok_or_else(|| damaged(vtable, "a vtable is shorter than its header or cut off"))?;
        Ok(Self {
            bytes,
            start,
            vtable,
        })
    }

    /// Where a field lies, if it is there.
    fn field(&self, id: usize) -> Option<usize> {
        let slot = WORD_BYTES + 2 * id;
        let entry = self.vtable.get(slot..slot + 2)?;
        match u16::from_le_bytes(entry.try_into().expect("two bytes")) {
            0 => None,
            distance => self.start.checked_add(distance.into()),
        }
    }

    fn scalar<const N: usize>(&self, id: usize) -> Result<Option<[u8; N]>, ImportError> {
        self.field(id).map(|at| array(self.bytes, at)).transpose()
    }

    /// Whether a field is there.
    pub(super) fn has(&self, id: usize) -> bool {
        self.field(id).is_some()
    }

    pub(super) fn bool(&self, id: usize) -> Result<bool, ImportError> {
        Ok(self.u8(id)? != 0)
    }

    pub(super) fn u8(&self, id: usize) -> Result<u8, ImportError> {
        Ok(self.scalar(id)?.map_or(0, u8::from_le_bytes))
    }

    pub(super) fn i8(&self, id: usize) -> Result<i8, ImportError> {
        Ok(self.scalar(id)?.map_or(0, i8::from_le_bytes))
    }

    pub(super) fn u32(&self, id: usize) -> Result<u32, ImportError> {
        Ok(self.scalar(id)?.map_or(0, u32::from_le_bytes))
    }

    pub(super) fn i32(&self, id: usize, default: i32) -> Result<i32, ImportError> {
        Ok(self.scalar(id)?.map_or(default, i32::from_le_bytes))
    }

    pub(super) fn u64(&self, id: usize) -> Result<u64, ImportError> {
        Ok(self.scalar(id)?.map_or(0, u64::from_le_bytes))
    }

    pub(super) fn f32(&self, id: usize) -> Result<f32, ImportError> {
        Ok(self.scalar(id)?.map_or(0.0, f32::from_le_bytes))
    }

    /// The table in a field.
    pub(super) fn table(&self, id: usize) -> Result<Option<Self>, ImportError> {
        self.field(id)
            .map(|at| Self::at_offset(self.bytes, at))
            .transpose()
    }

    /// The vector in a field, with elements of so many bytes; an absent one is empty.
    pub(super) fn vector(
        &self,
        id: usize,
        element_bytes: usize,
    ) -> Result<Vector<'a>, ImportError> {
        let Some(at) = self.field(id) else {
            return Ok(Vector::empty(element_bytes));
        };
        let count = target(self.bytes, at)?;
        let start = count + WORD_BYTES;
        let len = u32::from_le_bytes(array(self.bytes, count)?);
        usize::try_from(len)
            .ok()
            .filter(|len| {
                let room = self.bytes.len() - start;
                len.checked_mul(element_bytes)
                    .is_some_and(|bytes| bytes <= room)
            })
            .map(|len| Vector {
                bytes: self.bytes,
                start,
                len,
                element_bytes,
            })
            .ok_or_else(|| damaged(count, "a vector reaches beyond the end of the file"))
    }

    /// A vector of offsets to tables.
    pub(super) fn tables(&self, id: usize) -> Result<Vector<'a>, ImportError> {
        self.vector(id, WORD_BYTES)
    }

    /// The text in a field, without its terminating zero; bytes that are no UTF-8 are replaced
    /// when it is shown.
    pub(super) fn string(&self, id: usize) -> Result<&'a [u8], ImportError> {
        Ok(self.vector(id, 1)?.as_bytes())
    }
}

impl<'a> Vector<'a> {
    pub(super) const fn empty(element_bytes: usize) -> Self {
        Self {
            bytes: &[],
            start: 0,
            len: 0,
            element_bytes,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// All of it.
    pub(super) fn as_bytes(&self) -> &'a [u8] {
        &self.bytes[self.start..self.start + self.len * self.element_bytes]
    }

    /// The table that the element at `index` points at; none beyond the end.
    pub(super) fn table(&self, index: usize) -> Result<Option<Table<'a>>, ImportError> {
        if index >= self.len {
            return Ok(None);
        }
        Table::at_offset(self.bytes, self.start + index * WORD_BYTES).map(Some)
    }

    /// The tables that it points at, in order.
    pub(super) fn iter_tables(self) -> impl Iterator<Item = Result<Table<'a>, ImportError>> {
        (0..self.len)
            .map(move |index| Table::at_offset(self.bytes, self.start + index * WORD_BYTES))
    }

    /// The elements as `N` little-endian bytes each; a rest is left out.
    pub(super) fn elements<const N: usize>(&self) -> impl ExactSizeIterator<Item = [u8; N]> + 'a {
        self.as_bytes()
            .chunks_exact(N)
            .map(|bytes| bytes.try_into().expect("a chunk of this length"))
    }
}

/// Where the offset at `at` points: behind it, and at a whole word of the file.
fn target(bytes: &[u8], at: usize) -> Result<usize, ImportError> {
    let offset = u32::from_le_bytes(array(bytes, at)?);
    usize::try_from(offset)
        .ok()
        .and_then(|offset| at.checked_add(offset))
        .filter(|target| {
            target
                .checked_add(WORD_BYTES)
                .is_some_and(|end| end <= bytes.len())
        })
        .ok_or_else(|| damaged(at, "an offset points beyond the end of the file"))
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], ImportError> {
    at.checked_add(N)
        .and_then(|end| bytes.get(at..end))
        .map(|bytes| bytes.try_into().expect("a slice of this length"))
        .ok_or_else(|| damaged(at, "a number reaches beyond the end of the file"))
}

const fn damaged(offset: usize, reason: &'static str) -> ImportError {
    ImportError::Flatbuffer { offset, reason }
}

//! Appending segments to a copy of the file, with its symbols left as they are.

use super::{ElfError, Image, u64_of};

const HEADER_LEN: usize = 32;
const PT_LOAD: u32 = 1;
const PF_R: u32 = 4;
/// Alignment of what is appended; a multiple of the program header's own.
const ALIGN: usize = 4;

impl Image {
    /// Adds `bytes` to what is loaded before the start, at flash address `address`.
    ///
    /// # Errors
    /// [`ElfError::Overlap`] with a present segment, [`ElfError::AddressOverflow`], [`ElfError::TooLarge`] if
    /// [`Image::to_elf`] could not write it.
    pub fn add_segment(&mut self, address: u32, bytes: Vec<u8>) -> Result<(), ElfError> {
        let len = u64_of(bytes.len());
        let end = u64::from(address) + len;
        if end > u64::from(u32::MAX) {
            return Err(ElfError::AddressOverflow { address, len });
        }
        for other in self.segments() {
            let other_len = u64_of(other.bytes.len());
            if u64::from(address) < u64::from(other.address) + other_len
                && u64::from(other.address) < end
            {
                return Err(ElfError::Overlap {
                    address,
                    len,
                    other: other.address,
                    other_len,
                });
            }
        }
        self.added.push((address, bytes));
        let added: usize = self
            .added
            .iter()
            .map(|(_, bytes)| bytes.len() + HEADER_LEN + ALIGN)
            .sum();
        let file_len =
            u64_of(self.file.len()) + u64_of(added) + u64_of(HEADER_LEN) * u64::from(u16::MAX);
        if file_len > u64::from(u32::MAX)
            || self.header_count() + self.added.len() > usize::from(u16::MAX)
        {
            self.added.pop();
            return Err(ElfError::TooLarge { len });
        }
        Ok(())
    }

    /// The file with the added segments: their bytes and a longer program header table at the end, so that loaders find
    /// them while section headers and symbols stay where they were.
    pub fn to_elf(&self) -> Vec<u8> {
        let mut file = self.file.clone();
        if self.added.is_empty() {
            return file;
        }
        let mut headers = self.headers();
        for (address, bytes) in &self.added {
            align(&mut file);
            let (offset, len) = (u32_of(file.len()), u32_of(bytes.len()));
            let fields = [PT_LOAD, offset, *address, *address, len, len, PF_R, 1];
            headers.extend(fields.iter().flat_map(|field| field.to_le_bytes()));
            file.extend_from_slice(bytes);
        }
        align(&mut file);
        let table = u32_of(file.len());
        let count = u16::try_from(headers.len() / HEADER_LEN)
            .expect("add_segment checked the number of headers");
        file.extend_from_slice(&headers);
        file[28..32].copy_from_slice(&table.to_le_bytes());
        file[42..44].copy_from_slice(&u16::try_from(HEADER_LEN).expect("32 fits").to_le_bytes());
        file[44..46].copy_from_slice(&count.to_le_bytes());
        file
    }

    fn header_count(&self) -> usize {
        usize::from(u16::from_le_bytes([self.file[44], self.file[45]]))
    }

    /// The present program headers, each cut or filled to the standard length.
    fn headers(&self) -> Vec<u8> {
        let table =
            u32::from_le_bytes([self.file[28], self.file[29], self.file[30], self.file[31]]);
        let entry_len = usize::from(u16::from_le_bytes([self.file[42], self.file[43]]));
        let mut headers = Vec::new();
        for index in 0..self.header_count() {
            let start =
                usize::try_from(table).expect("the parser read the table") + index * entry_len;
            // The parser has read the first 20 bytes of each header; what follows may be cut off.
            let bytes = self.file.get(start..).unwrap_or_default();
            headers.extend((0..HEADER_LEN).map(|at| bytes.get(at).copied().unwrap_or(0)));
        }
        headers
    }
}

fn align(file: &mut Vec<u8>) {
    file.resize(file.len().next_multiple_of(ALIGN), 0);
}

fn u32_of(len: usize) -> u32 {
    u32::try_from(len).expect("add_segment checked the length of the file")
}

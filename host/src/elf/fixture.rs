//! Small firmware images made by hand, for tests that must run without a toolchain.

/// A file under construction: one flash segment at 0, which is also the one section, and symbols.
pub(crate) struct Fixture {
    flash: Vec<u8>,
    symbols: Vec<(String, u32, u32)>,
}

/// Symbol type of functions.
const FUNCTION: u32 = 2;

impl Fixture {
    /// A vector table (stack at `0x2000_1000`, reset at 0x40, `HardFault` at 0x3c) and `code` at 0x40.
    ///
    /// The `HardFault` handler is a branch to itself.
    pub(crate) fn new(code: &[u16]) -> Self {
        let mut flash: Vec<u8> = [0x2000_1000u32, 0x41, 0, 0x3d]
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        flash.resize(0x3c, 0);
        flash.extend(
            [0xe7feu16, 0xbf00]
                .iter()
                .chain(code)
                .flat_map(|halfword| halfword.to_le_bytes()),
        );
        Self {
            flash,
            symbols: vec![("$d".into(), 0, 0), ("$t".into(), 0x3c, 0)],
        }
    }

    /// Adds a symbol; a function if the address is odd.
    pub(crate) fn symbol(mut self, name: &str, address: u32) -> Self {
        self.symbols.push((
            name.into(),
            address,
            if address & 1 == 1 { FUNCTION } else { 0 },
        ));
        self
    }

    /// The ELF file: header, program header, contents, symbols, names, section headers.
    pub(crate) fn build(self) -> Vec<u8> {
        let (mut names, mut symbols) = (vec![0u8], vec![0u8; 16]);
        for (name, address, kind) in &self.symbols {
            let at = len(&names);
            symbols.extend(
                [at, *address, 0, *kind | 1 << 16]
                    .iter()
                    .flat_map(|word| word.to_le_bytes()),
            );
            names.extend(name.bytes().chain([0]));
        }
        let contents_at = 52 + 32;
        let symbols_at = contents_at + len(&self.flash);
        let names_at = symbols_at + len(&symbols);
        let sections_at = names_at + len(&names);
        let mut file = b"\x7fELF\x01\x01\x01".to_vec();
        file.resize(16, 0);
        let header = [
            2 | 40 << 16,
            1,
            0x41,
            52,
            sections_at,
            0,
            52 | 32 << 16,
            1 | 40 << 16,
            4,
        ];
        let program = [
            1,
            contents_at,
            0,
            0,
            len(&self.flash),
            len(&self.flash),
            5,
            4,
        ];
        file.extend(
            header
                .iter()
                .chain(&program)
                .flat_map(|word: &u32| word.to_le_bytes()),
        );
        file.extend(self.flash.iter().chain(&symbols).chain(&names));
        let sections: [[u32; 10]; 4] = [
            [0; 10],
            [0, 1, 6, 0, contents_at, len(&self.flash), 0, 0, 4, 0],
            [0, 2, 0, 0, symbols_at, len(&symbols), 3, 0, 4, 16],
            [0, 3, 0, 0, names_at, len(&names), 0, 0, 1, 0],
        ];
        file.extend(
            sections
                .iter()
                .flatten()
                .flat_map(|word| word.to_le_bytes()),
        );
        file
    }
}

fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

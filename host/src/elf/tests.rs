use super::fixture::Fixture;
use super::*;

/// movs r0, #1; bx lr; a word of data; nop.
fn file() -> Vec<u8> {
    Fixture::new(&[0x2001, 0x4770, 0x1234, 0x5678, 0xbf00])
        .symbol("first", 0x41)
        .symbol("$d.1", 0x44)
        .symbol("$t.1", 0x48)
        .symbol("second", 0x49)
        .symbol("variable", 0x2000_0000)
        .build()
}

#[test]
fn segments_symbols_and_code_are_found() {
    let image = Image::parse(&file()).unwrap();
    assert_eq!(image.entry(), 0x40);
    assert_eq!(image.code_bytes(), 0x4a);
    let segments: Vec<_> = image
        .segments()
        .map(|segment| (segment.address, segment.bytes.len()))
        .collect();
    assert_eq!(segments, [(0, 0x4a)]);
    assert_eq!(image.symbol("second").unwrap().address, 0x48);
    assert!(image.symbol("third").is_none());
    assert_eq!(image.function_at(0x42).unwrap().name, "first");
    assert!(image.function_at(0x20).is_none());
    let runs: Vec<_> = image
        .code()
        .map(|run| (run.address, run.bytes.len()))
        .collect();
    assert_eq!(runs, [(0x3c, 8), (0x48, 2)]);
}

#[test]
fn other_files_are_refused_by_what_differs() {
    assert_eq!(Image::parse(b"hello").unwrap_err(), ElfError::NotElf);
    let mut wide = file();
    wide[4] = 2;
    assert!(matches!(
        Image::parse(&wide),
        Err(ElfError::WrongKind {
            field: "class",
            found: 2,
            ..
        })
    ));
    let mut other = file();
    other[18] = 62;
    assert!(matches!(
        Image::parse(&other),
        Err(ElfError::WrongKind {
            field: "machine",
            found: 62,
            ..
        })
    ));
}

#[test]
fn every_truncation_and_every_flipped_byte_is_survived() {
    let file = file();
    // The last 12 bytes of the last section header are not needed.
    for len in 0..file.len() - 12 {
        assert!(
            Image::parse(&file[..len]).is_err(),
            "{len} bytes of {}",
            file.len()
        );
    }
    for at in 0..file.len() {
        for value in [0, 0x7f, 0x80, 0xff] {
            let mut damaged = file.clone();
            damaged[at] = value;
            if let Ok(mut image) = Image::parse(&damaged) {
                let _ = (
                    image.code_bytes(),
                    image.symbols().count(),
                    image.code().count(),
                );
                let _ = image.add_segment(0x100_0000, vec![1; 5]);
                image.to_elf();
            }
        }
    }
}

#[test]
fn added_segments_are_in_the_file_and_the_rest_is_as_it_was() {
    let mut image = Image::parse(&file()).unwrap();
    image.add_segment(0x1000, vec![7; 5]).unwrap();
    image.add_segment(0x2000, vec![8; 3]).unwrap();
    let again = Image::parse(&image.to_elf()).unwrap();
    let segments: Vec<_> = again.segments().collect();
    assert_eq!(segments.len(), 3);
    assert_eq!(
        segments[1],
        Segment {
            address: 0x1000,
            bytes: &[7; 5]
        }
    );
    assert_eq!(
        segments[2],
        Segment {
            address: 0x2000,
            bytes: &[8; 3]
        }
    );
    assert_eq!(again.symbol("first"), image.symbol("first"));
    assert_eq!(image.code_bytes(), 0x4a);
}

#[test]
fn a_segment_over_another_is_refused() {
    let mut image = Image::parse(&file()).unwrap();
    let overlap = image.add_segment(0x48, vec![0; 4]).unwrap_err();
    assert_eq!(
        overlap,
        ElfError::Overlap {
            address: 0x48,
            len: 4,
            other: 0,
            other_len: 0x4a
        }
    );
    assert!(matches!(
        image.add_segment(u32::MAX - 1, vec![0; 4]),
        Err(ElfError::AddressOverflow { .. })
    ));
    assert_eq!(image.to_elf(), file());
}

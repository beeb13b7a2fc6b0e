//! A function of one int8 value, as a table.
#![expect(clippy::as_conversions, reason = "int8 is mapped onto 0..=255")]

/// Replaces every `x` by `table[x + 128]`.
///
/// # Panics
///
/// If the table has fewer than 256 entries.
pub fn lut(table: &[i8], values: &mut [i8]) {
    // Of known length, so that an index of eight bits needs no check.
    let table: &[i8; 256] = table.first_chunk().expect("a table has 256 entries");
    for value in values {
        *value = table[usize::from(*value as u8 ^ 0x80)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_table_starts_at_the_smallest_value() {
        let negated: Vec<i8> = (i8::MIN..=i8::MAX).map(i8::saturating_neg).collect();
        let mut values: Vec<i8> = (i8::MIN..=i8::MAX).collect();
        lut(&negated, &mut values);
        assert_eq!(values, negated);
    }
}

//! Decoding from the front of a list.

use crate::fault::Fault;
use serde::Deserialize;

/// Takes a value from the front of `bytes`.
pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &mut &'a [u8]) -> Result<T, Fault> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|_| Fault::Encoding)?;
    *bytes = rest;
    Ok(value)
}

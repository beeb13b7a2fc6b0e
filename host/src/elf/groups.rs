//! What an image's code and constants belong to.

use super::{Image, Symbol, u64_of};
use std::collections::BTreeMap;

/// A part of an image by what it was compiled from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Group {
    /// Crate and module, `tiivis_runtime::kernels::conv2d`; a type's own is that of its first
    /// parameterless path.
    pub name: String,
    /// Bytes of its functions and constants.
    pub bytes: u64,
}

/// What no symbol covers: constants without names, and what alignment leaves out.
pub const UNNAMED: &str = "(without a name)";

impl Image {
    /// The image by modules, the largest first: bytes of symbols in loaded memory, each counted once,
    /// and the rest as [`UNNAMED`]. What a compiler inlines belongs to where it went.
    pub fn groups(&self) -> Vec<Group> {
        let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
        let mut end = 0;
        for symbol in self.symbols().filter(|symbol| self.is_loaded(symbol)) {
            // Aliases lie on each other.
            let to = symbol.address.saturating_add(symbol.size);
            let own = to.saturating_sub(symbol.address.max(end));
            end = end.max(to);
            if own > 0 {
                *bytes.entry(module(symbol.name)).or_default() += u64::from(own);
            }
        }
        let named: u64 = bytes.values().sum();
        let unnamed = self.code_bytes().saturating_sub(named);
        bytes.insert(UNNAMED.to_owned(), unnamed);
        let mut groups: Vec<Group> = bytes
            .into_iter()
            .filter(|&(_, bytes)| bytes > 0)
            .map(|(name, bytes)| Group { name, bytes })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.bytes));
        groups
    }

    fn is_loaded(&self, symbol: &Symbol<'_>) -> bool {
        self.segments().any(|segment| {
            let at = u64::from(symbol.address);
            let start = u64::from(segment.address);
            symbol.size > 0 && at >= start && at < start + u64_of(segment.bytes.len())
        })
    }
}

/// The module of a symbol: the path before what is its own name, without parameters.
fn module(symbol: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(symbol));
    // `<path::Type<…> as path::Trait>::method` belongs to the type, and so does `path::Type::method`.
    let path = name.trim_start_matches(['<', '&', '[']);
    let path = path.split(" as ").next().unwrap_or(path);
    let end = path.find(['<', '>', '{', ' ', '(', ',', ';']);
    let path = path[..end.unwrap_or(path.len())].trim_end_matches("::");
    let is_module = |part: &&str| {
        part.chars()
            .all(|c| c.is_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let parts: Vec<&str> = path.split("::").collect();
    let modules = parts.iter().take_while(|part| is_module(part)).count();
    // The last of a path of lower case is the function itself.
    let kept = match modules == parts.len() {
        true => modules.saturating_sub(1),
        false => modules,
    };
    match parts[..kept.min(3)].join("::") {
        module if !module.is_empty() => module,
        // A type that is in no module.
        _ if name.starts_with('<') => name,
        // Of C, of assembly, or exported by name.
        _ => name.split(['.', '<']).next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::module;

    #[test]
    fn symbols_belong_to_modules() {
        for (symbol, expected) in [
            (
                "_RNvNtNtCsdHUFvnNRK4V_14tiivis_runtime7kernels5dense5dense",
                "tiivis_runtime::kernels::dense",
            ),
            ("memcpy", "memcpy"),
            (
                "tiivis_runtime::kernels::dot::products",
                "tiivis_runtime::kernels::dot",
            ),
            (
                "<tiivis_runtime::kernels::channels::Channels>::finish",
                "tiivis_runtime::kernels::channels",
            ),
            (
                "<tiivis_runtime::blob::step::Span as serde_core::de::Deserialize>::deserialize::<&mut X>",
                "tiivis_runtime::blob::step",
            ),
            (
                "<&[u8] as serde_core::de::Deserialize>::deserialize",
                "<&[u8] as serde_core::de::Deserialize>::deserialize",
            ),
            ("core::slice::index::slice_index_fail", "core::slice::index"),
            ("OUTLINED_FUNCTION_12", "OUTLINED_FUNCTION_12"),
            ("", ""),
        ] {
            assert_eq!(module(symbol), expected, "{symbol}");
        }
    }
}

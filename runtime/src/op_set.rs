//! Which operators a program links.

use crate::blob::{Int16Kind, Int16Tag, OpKind, OpTag};
use core::fmt::Debug;

/// The operators that a program links: all that a [`Model`](crate::Model) of this type can run.
///
/// [`All`] is the default. A firmware that knows its models names theirs, and the kernels, checks and
/// decoders of all other operators stay out of the image:
///
/// ```
/// use tiivis_runtime::{OpKind, OpSet, Operators};
///
/// #[derive(Clone, Copy, Debug)]
/// enum Keywords {}
///
/// impl Operators for Keywords {
///     const SET: OpSet = OpSet::of(&[OpKind::Conv2d, OpKind::AvgPool2d, OpKind::Dense]);
/// }
/// ```
///
/// [`Model::parse_with`](crate::Model::parse_with) makes such a model, and refuses one that needs
/// more. The Rust header that `tiivis compress --header` writes beside a blob holds its operators.
pub trait Operators: Copy + Debug {
    /// The set.
    const SET: OpSet;
}

/// Every operator and every front-end.
#[derive(Clone, Copy, Debug)]
pub enum All {}

impl Operators for All {
    const SET: OpSet = OpSet::ALL;
}

/// A set of operators, for [`Operators::SET`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpSet {
    /// A bit for each [`OpTag`].
    ops: u64,
    /// A bit for each [`Int16Tag`].
    int16: u32,
    frontends: bool,
}

impl OpSet {
    /// Every operator and every front-end.
    pub const ALL: Self = Self {
        ops: u64::MAX,
        int16: u32::MAX,
        frontends: true,
    };

    /// These operators and no front-end.
    #[must_use]
    pub const fn of(kinds: &[OpKind]) -> Self {
        let mut set = Self {
            ops: 0,
            int16: 0,
            frontends: false,
        };
        let mut at = 0;
        while at < kinds.len() {
            set.ops |= kinds[at].tag().bit();
            if let OpKind::Int16(kind) = kinds[at] {
                set.int16 |= kind.tag().bit();
            }
            at += 1;
        }
        set
    }

    /// These operators, and the front-ends.
    #[must_use]
    pub const fn with_frontends(mut self) -> Self {
        self.frontends = true;
        self
    }

    /// Whether front-ends are among them.
    #[must_use]
    pub const fn has_frontends(self) -> bool {
        self.frontends
    }

    /// Whether `kind` is among them.
    #[must_use]
    pub const fn has(self, kind: OpKind) -> bool {
        match kind {
            OpKind::Int16(kind) => kind.tag().linked_in(self),
            kind => kind.tag().linked_in(self),
        }
    }
}

impl OpKind {
    pub(crate) const fn whole(self) -> Self {
        self
    }
}

impl Int16Kind {
    /// The kind, as one of all operators.
    pub(crate) const fn whole(self) -> OpKind {
        OpKind::Int16(self)
    }
}

#[expect(
    clippy::as_conversions,
    reason = "an enum without fields to its number"
)]
impl OpTag {
    /// More operators than bits do not compile, because the shift overflows.
    const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// Whether the set has the operator; of a group, one of it.
    pub(crate) const fn linked_in(self, set: OpSet) -> bool {
        set.ops & self.bit() != 0
    }
}

#[expect(
    clippy::as_conversions,
    reason = "an enum without fields to its number"
)]
impl Int16Tag {
    const fn bit(self) -> u32 {
        1 << self as u8
    }

    /// Whether the set has the operator.
    pub(crate) const fn linked_in(self, set: OpSet) -> bool {
        set.int16 & self.bit() != 0
    }
}

//! One list of operators, from which everything follows that has to know them all: the enum and its
//! encoding, the kinds that an [`crate::OpSet`] is made of, names, and decoding.

/// Defines the enum of operators `$Op`, the enum of their kinds without parameters `$Kind`, and the
/// numbers of the encoding `$Tag`. An operator of the form `Name(Params) of NestedKind` is an enum of
/// operators itself.
macro_rules! operators {
    (
        $(#[$attribute:meta])*
        pub enum $Op:ident;
        $(#[$kind_attribute:meta])*
        pub enum $Kind:ident;
        enum $Tag:ident;
        names end in $suffix:literal;
        $($(#[$doc:meta])* $name:ident($params:ident) $(of $nested:ident)?,)*
    ) => {
        $(#[$attribute])*
        pub enum $Op {
            $($(#[$doc])* $name($params),)*
        }

        $(#[$kind_attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub enum $Kind {
            $($(#[$doc])* $name $(($nested))?,)*
        }

        /// The numbers of the encoding.
        #[derive(Clone, Copy)]
        #[repr(u8)]
        pub(crate) enum $Tag {
            $($name,)*
        }

        impl $Op {
            /// Which operator it is.
            #[must_use]
            pub const fn kind(&self) -> $Kind {
                match self {
                    $(Self::$name(_op) => $Kind::$name $((operators!(@kind _op $nested)))?,)*
                }
            }

            /// The operator's name.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                self.kind().name()
            }

            /// Takes one from the front of `bytes`, as `Deserialize` does, unless `O` leaves it out:
            /// of those there is no code.
            ///
            /// # Errors
            ///
            /// [`Fault::Encoding`] and [`Fault::Unlinked`].
            pub(super) fn take<O: Operators>(bytes: &mut &[u8]) -> Result<Self, Fault> {
                let tag: u32 = decode(bytes)?;
                $(if tag == $Tag::$name as u32 {
                    return operators!(@take O bytes $Op $Kind $Tag $name $params $($nested)?);
                })*
                Err(Fault::Encoding)
            }
        }

        impl $Kind {
            /// The operator's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name $((operators!(@bind kind $nested)))? => {
                        operators!(@name $name $suffix $(kind $nested)?)
                    })*
                }
            }

            pub(crate) const fn tag(self) -> $Tag {
                match self {
                    $(Self::$name { .. } => $Tag::$name,)*
                }
            }
        }
    };
    (@bind $kind:ident $nested:ident) => { $kind };
    (@kind $op:ident $nested:ident) => { $op.kind() };
    (@name $name:ident $suffix:literal) => { concat!(stringify!($name), $suffix) };
    (@name $name:ident $suffix:literal $kind:ident $nested:ident) => { $kind.name() };
    (@take $O:ident $bytes:ident $Op:ident $Kind:ident $Tag:ident $name:ident $params:ident) => {
        if const { $Tag::$name.linked_in($O::SET) } {
            Ok($Op::$name(decode($bytes)?))
        } else {
            Err(Fault::Unlinked($Kind::$name.whole()))
        }
    };
    (@take $O:ident $bytes:ident $Op:ident $Kind:ident $Tag:ident $name:ident $params:ident $nested:ident) => {
        Ok($Op::$name($params::take::<$O>($bytes)?))
    };
}

pub(super) use operators;

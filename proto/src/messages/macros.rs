//! What a declared message expands to.

use crate::checked::Checked;

/// The size of a field that the wire's `W` has at hand as an `F`.
pub(crate) const fn field_bytes_max<W, F, T: Checked<F>>(_field: fn(W) -> F) -> usize {
    T::BYTES_MAX
}

/// The size of a choice's payload `F`, which its constructor turns into a `K`.
pub(crate) const fn payload_bytes_max<F, K, T: Checked<F>>(_variant: fn(F) -> K) -> usize {
    T::BYTES_MAX
}

/// A message with fields.
macro_rules! message {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $name { $($(#[$field_meta])* pub $field: $ty,)+ }

        fields!($name { $($field: $ty,)+ });
    };
}

/// The way between the fields of a type that stands elsewhere and its message.
macro_rules! fields {
    ($name:ident { $($field:ident: $ty:ty,)+ }) => {
        impl crate::checked::Checked<crate::wire::$name> for $name {
            const BYTES_MAX: usize = 0 $(+ crate::checked::FIELD_BYTES_MAX
                + crate::messages::macros::field_bytes_max::<crate::wire::$name, _, $ty>(
                    |wire| wire.$field,
                ))+;

            fn check(wire: crate::wire::$name) -> Result<Self, crate::Malformed> {
                use crate::malformed::At;
                Ok(Self { $($field: crate::checked::Checked::check(wire.$field)
                    .at(stringify!($field))?,)+ })
            }

            fn into_wire(self) -> crate::wire::$name {
                crate::wire::$name {
                    $($field: crate::checked::Checked::into_wire(self.$field),)+
                }
            }
        }

        is_message!($name = $name);

        #[cfg(test)]
        impl proptest::arbitrary::Arbitrary for $name {
            type Parameters = ();
            type Strategy = proptest::strategy::BoxedStrategy<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                use proptest::strategy::Strategy;
                nested_strategy!($($ty,)+)
                    .prop_map(|nested_pattern!($($field,)+)| Self { $($field,)+ })
                    .boxed()
            }
        }
    };
}

/// A message without fields.
macro_rules! empty {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $name {}

        impl crate::checked::Checked<crate::wire::$name> for $name {
            const BYTES_MAX: usize = 0;

            fn check(_wire: crate::wire::$name) -> Result<Self, crate::Malformed> {
                Ok(Self {})
            }

            fn into_wire(self) -> crate::wire::$name {
                crate::wire::$name {}
            }
        }

        is_message!($name = $name);

        #[cfg(test)]
        impl proptest::arbitrary::Arbitrary for $name {
            type Parameters = ();
            type Strategy = proptest::strategy::Just<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                proptest::strategy::Just(Self {})
            }
        }
    };
}

/// One of several things; `in` names the generated module of the `oneof kind`.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident in $module:ident {
        $($(#[$variant_meta:meta])* $variant:ident $(($ty:ty))?,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[allow(clippy::large_enum_variant, reason = "moved once, from the wire to its owner")]
        pub enum $name { $($(#[$variant_meta])* $variant $(($ty))?,)+ }

        impl crate::checked::Checked<Option<crate::wire::$module::Kind>> for $name {
            const BYTES_MAX: usize = {
                let max = 0;
                $(let max = crate::checked::larger(max, choice!(@max $module $variant $($ty)?));)+
                crate::checked::FIELD_BYTES_MAX + max
            };

            fn check(
                wire: Option<crate::wire::$module::Kind>,
            ) -> Result<Self, crate::Malformed> {
                match wire {
                    None => Err(crate::Fault::Missing.into()),
                    $(Some(crate::wire::$module::Kind::$variant(inner)) => {
                        choice!(@check $name $variant inner $($ty)?)
                    })+
                }
            }

            fn into_wire(self) -> Option<crate::wire::$module::Kind> {
                Some(match self {
                    $(choice!(@pattern $name $variant inner $($ty)?) => {
                        crate::wire::$module::Kind::$variant(choice!(@inner inner $($ty)?))
                    })+
                })
            }
        }

        #[cfg(test)]
        impl proptest::arbitrary::Arbitrary for $name {
            type Parameters = ();
            type Strategy = proptest::strategy::BoxedStrategy<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                use proptest::strategy::Strategy;
                proptest::strategy::Union::new([$(choice!(@any $name $variant $($ty)?)),+]).boxed()
            }
        }
    };

    (@max $module:ident $variant:ident) => { 0 };
    (@max $module:ident $variant:ident $ty:ty) => {
        crate::messages::macros::payload_bytes_max::<_, _, $ty>(
            crate::wire::$module::Kind::$variant,
        )
    };
    (@check $name:ident $variant:ident $inner:ident) => {{
        let () = $inner;
        Ok($name::$variant)
    }};
    (@check $name:ident $variant:ident $inner:ident $ty:ty) => {
        crate::malformed::At::at(
            <$ty as crate::checked::Checked<_>>::check($inner).map($name::$variant),
            stringify!($variant),
        )
    };
    (@pattern $name:ident $variant:ident $inner:ident) => { $name::$variant };
    (@pattern $name:ident $variant:ident $inner:ident $ty:ty) => { $name::$variant($inner) };
    (@inner $inner:ident) => { () };
    (@inner $inner:ident $ty:ty) => { crate::checked::Checked::into_wire($inner) };
    (@any $name:ident $variant:ident) => { proptest::strategy::Just($name::$variant).boxed() };
    (@any $name:ident $variant:ident $ty:ty) => {
        proptest::arbitrary::any::<$ty>().prop_map($name::$variant).boxed()
    };
}

/// A choice that is a whole message.
macro_rules! message_of_choice {
    ($name:ident) => {
        impl crate::checked::Checked<crate::wire::$name> for $name {
            const BYTES_MAX: usize =
                crate::messages::macros::field_bytes_max::<crate::wire::$name, _, $name>(|wire| {
                    wire.kind
                });

            fn check(wire: crate::wire::$name) -> Result<Self, crate::Malformed> {
                crate::checked::Checked::check(wire.kind)
            }

            fn into_wire(self) -> crate::wire::$name {
                crate::wire::$name {
                    kind: crate::checked::Checked::into_wire(self),
                }
            }
        }

        is_message!($name = $name);
    };
}

/// An enumeration; its zero on the wire means that somebody forgot it.
macro_rules! enumeration {
    ($name:ident { $($variant:ident,)+ }) => {
        impl crate::checked::Checked<i32> for $name {
            const BYTES_MAX: usize = 10;

            fn check(wire: i32) -> Result<Self, crate::Malformed> {
                use crate::wire::$name as Wire;
                match Wire::try_from(wire) {
                    $(Ok(Wire::$variant) => Ok(Self::$variant),)+
                    Ok(Wire::Unspecified) => Err(crate::Fault::Missing.into()),
                    Err(_unknown) => Err(crate::Fault::Unknown { value: wire.into() }.into()),
                }
            }

            fn into_wire(self) -> i32 {
                match self {
                    $(Self::$variant => crate::wire::$name::$variant.into(),)+
                }
            }
        }

        #[cfg(test)]
        impl proptest::arbitrary::Arbitrary for $name {
            type Parameters = ();
            type Strategy = proptest::sample::Select<Self>;

            fn arbitrary_with((): ()) -> Self::Strategy {
                proptest::sample::select(vec![$(Self::$variant),+])
            }
        }
    };
}

/// What every message can do once its fields can be checked.
macro_rules! is_message {
    ($name:ident = $wire:ident) => {
        impl TryFrom<crate::wire::$wire> for $name {
            type Error = crate::Malformed;

            fn try_from(wire: crate::wire::$wire) -> Result<Self, crate::Malformed> {
                crate::checked::Checked::check(wire)
            }
        }

        impl From<$name> for crate::wire::$wire {
            fn from(checked: $name) -> Self {
                crate::checked::Checked::into_wire(checked)
            }
        }

        /// As a field that must be there.
        impl crate::checked::Checked<Option<crate::wire::$wire>> for $name {
            const BYTES_MAX: usize =
                <$name as crate::checked::Checked<crate::wire::$wire>>::BYTES_MAX;

            fn check(wire: Option<crate::wire::$wire>) -> Result<Self, crate::Malformed> {
                crate::checked::Checked::check(wire.ok_or(crate::Fault::Missing)?)
            }

            fn into_wire(self) -> Option<crate::wire::$wire> {
                Some(crate::checked::Checked::into_wire(self))
            }
        }

        impl crate::Message for $name {
            type Wire = crate::wire::$wire;

            const BYTES_MAX: usize = crate::checked::fits(
                <$name as crate::checked::Checked<crate::wire::$wire>>::BYTES_MAX,
            );
        }

        const _: usize = <$name as crate::Message>::BYTES_MAX;
    };
}

/// Tuples end at twelve; pairs of pairs do not.
#[cfg(test)]
macro_rules! nested_strategy {
    () => { proptest::strategy::Just(()) };
    ($ty:ty, $($rest:ty,)*) => {
        (proptest::arbitrary::any::<$ty>(), nested_strategy!($($rest,)*))
    };
}

#[cfg(test)]
macro_rules! nested_pattern {
    () => { () };
    ($field:ident, $($rest:ident,)*) => { ($field, nested_pattern!($($rest,)*)) };
}

//! Enumerations whose values have a word each.

/// Defines an enumeration, and the word of each value in documents, on the command line and in messages.
macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident {
        $($(#[$about:meta])* $value:ident = $word:expr,)*
    }) => {
        $(#[$meta])*
        $vis enum $name {
            $($(#[$about])* $value,)*
        }

        impl $name {
            /// Every value, in this order.
            $vis const ALL: [Self; [$($word),*].len()] = [$(Self::$value),*];

            /// Returns the word for it.
            $vis fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)*
                }
            }
        }
    };
}

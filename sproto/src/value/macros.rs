//! `value!`: a message written as it would be in a Lua table.

/// Builds a [`Value`](crate::Value): `{ field: value, ... }` is a struct, `[ ... ]` an array, anything else an expression.
///
/// ```
/// use sproto::value;
///
/// let level = 40;
/// let role = value!({ name: "Bob", level: level + 1, items: [1, 2, 3], pos: { x: 0.5, y: -2.0 } });
/// assert_eq!(role["level"].as_i64(), Some(41));
/// assert_eq!(role["pos"]["y"].as_f64(), Some(-2.0));
/// ```
#[macro_export]
macro_rules! value {
    ({ $($fields:tt)* }) => {{
        #[allow(unused_mut, reason = "a struct may have no fields")]
        let mut fields = $crate::Struct::new();
        $crate::value!(@field fields $($fields)*);
        $crate::Value::Struct(fields)
    }};
    ([ $($elements:tt)* ]) => {{
        #[allow(unused_mut, reason = "an array may have no elements")]
        let mut elements = $crate::Array::new();
        $crate::value!(@element elements $($elements)*);
        $crate::Value::Array(elements)
    }};
    (@field $to:ident) => {};
    (@field $to:ident $name:ident : { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $to.set(stringify!($name), $crate::value!({ $($inner)* }));
        $($crate::value!(@field $to $($rest)*);)?
    };
    (@field $to:ident $name:ident : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $to.set(stringify!($name), $crate::value!([ $($inner)* ]));
        $($crate::value!(@field $to $($rest)*);)?
    };
    (@field $to:ident $name:ident : $value:expr $(, $($rest:tt)*)?) => {
        $to.set(stringify!($name), $value);
        $($crate::value!(@field $to $($rest)*);)?
    };
    (@element $to:ident) => {};
    (@element $to:ident { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $to.push($crate::value!({ $($inner)* }));
        $($crate::value!(@element $to $($rest)*);)?
    };
    (@element $to:ident $value:expr $(, $($rest:tt)*)?) => {
        $to.push($value);
        $($crate::value!(@element $to $($rest)*);)?
    };
    ($value:expr) => {
        $crate::Value::from($value)
    };
}

//! Schema bundles (`.spb`): what the reference's parser makes of text and its core loads. Written byte for byte as it does.

mod read;
mod write;

use crate::error::{Error, Result};
use crate::schema::Schema;

/// A skip slot: one tag that is not there.
const SKIP: u16 = 1;

impl Schema {
    /// Loads a bundle, and takes or refuses just what the reference does; where it would go on to read beyond a type's
    /// fields, this refuses.
    ///
    /// # Errors
    /// Bytes that are no bundle.
    ///
    /// ```
    /// use sproto::Schema;
    ///
    /// let schema = Schema::parse(".Person { name 0 : string }")?;
    /// let bundle = schema.to_bundle();
    /// assert_eq!(Schema::from_bundle(&bundle)?.type_by_name("Person").unwrap().fields().len(), 1);
    /// # Ok::<(), sproto::Error>(())
    /// ```
    pub fn from_bundle(bytes: &[u8]) -> Result<Self> {
        let tables = read::tables(bytes).map_err(|told| Error::Bundle(Box::new(told)))?;
        Ok(Self::new(tables))
    }

    /// The bundle of this schema. A schema without types gives `00 00`, which no loader takes, as in the reference.
    pub fn to_bundle(&self) -> Vec<u8> {
        write::tables(self.tables())
    }
}

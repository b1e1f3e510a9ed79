//! The README's AddressBook (130 bytes) and the `Msg` envelope around an EchoRequest (44 bytes): encode, decode, pack, unpack;
//! dynamic, serde and generated; prost beside them.
//!
//! The C core of the reference, -O3, median ns on the same class of machine, and the goal here, 0.7 of it:
//!
//! | | C core | goal | row |
//! |---|---|---|---|
//! | AddressBook encode | 108 | 76 | `address_book_encode::generated` |
//! | decode, borrowed | 108 | 76 | `address_book_decode::generated_borrowed` |
//! | decode, owned | 180 | 126 | `address_book_decode::generated_owned` |
//! | pack | 76 | 53 | `packing::address_book_pack` |
//! | unpack | 60 | 42 | `packing::address_book_unpack` |
//! | envelope and message, encode | 21 | 14.7 | `envelope::encode_generated` |
//! | envelope decode, borrowed | 19 | 13.3 | `envelope::decode_generated_borrowed` |
//! | envelope decode, owned | 48 | 33.6 | `envelope::decode_generated_owned` |
//! | 64 KiB with 80 % non-zero bytes, pack | 38,000 | 26,600 | `packing::dense_64_kib_pack` |
//! | unpack | 25,500 | 17,800 | `packing::dense_64_kib_unpack` |
//!
//! prost there: AddressBook encode 75, decode 240; envelope encode 18, decode 90. The machine is shared: the fastest
//! sample and the ratio to prost in the same run say more than the rest.
#![allow(clippy::unwrap_used, reason = "a bench stops at the first fault")]

mod samples;

use divan::{Bencher, black_box};
use sproto::{Message, MessageRef};

fn main() {
    // Large samples: the timer's step is as long as some of these.
    divan::Divan::from_args().sample_size(2_000).main();
}

/// `encode` into a buffer that is used again and again.
fn encode(bencher: Bencher<'_, '_>, mut encode: impl FnMut(&mut Vec<u8>)) {
    let mut out = Vec::with_capacity(1024);
    bencher.bench_local(|| {
        out.clear();
        encode(&mut out);
        black_box(out.len())
    });
}

mod address_book_encode {
    use super::*;
    use prost::Message as _;

    #[divan::bench]
    fn generated(bencher: Bencher<'_, '_>) {
        let book = samples::book();
        encode(bencher, |out| sproto::Message::encode(black_box(&book), out).unwrap());
    }

    #[divan::bench]
    fn serde(bencher: Bencher<'_, '_>) {
        let (ty, book) = (samples::schema("AddressBook"), samples::serde_book());
        encode(bencher, |out| sproto::append_bytes(&ty, black_box(&book), out).unwrap());
    }

    #[divan::bench]
    fn dynamic(bencher: Bencher<'_, '_>) {
        let (ty, book) = (samples::schema("AddressBook"), samples::value());
        encode(bencher, |out| ty.encode(black_box(&book), out).unwrap());
    }

    #[divan::bench]
    fn prost(bencher: Bencher<'_, '_>) {
        let book = samples::prost_book();
        encode(bencher, |out| black_box(&book).encode(out).unwrap());
    }
}

mod address_book_decode {
    use super::*;
    use prost::Message as _;

    /// Lists are read when they are gone over: here all are.
    #[divan::bench]
    fn generated_borrowed(bencher: Bencher<'_, '_>) {
        let bytes = samples::bytes();
        bencher.bench_local(|| {
            samples::sum(&samples::AddressBookRef::decode(black_box(&bytes)).unwrap()).unwrap()
        });
    }

    #[divan::bench]
    fn generated_owned(bencher: Bencher<'_, '_>) {
        let bytes = samples::bytes();
        bencher.bench_local(|| {
            drop(black_box(<samples::AddressBook as sproto::Message>::decode(black_box(&bytes)).unwrap()))
        });
    }

    #[divan::bench]
    fn serde_borrowed(bencher: Bencher<'_, '_>) {
        let (ty, bytes) = (samples::schema("AddressBook"), samples::bytes());
        bencher.bench_local(|| {
            drop(black_box(sproto::from_bytes::<samples::Book<'_>>(&ty, black_box(&bytes)).unwrap()))
        });
    }

    #[divan::bench]
    fn dynamic(bencher: Bencher<'_, '_>) {
        let (ty, bytes) = (samples::schema("AddressBook"), samples::bytes());
        bencher.bench_local(|| drop(black_box(ty.decode(black_box(&bytes)).unwrap())));
    }

    /// A decoded value keeps arrays of structs as bytes until they are looked at: here all are.
    #[divan::bench]
    fn dynamic_all_read(bencher: Bencher<'_, '_>) {
        let (ty, bytes) = (samples::schema("AddressBook"), samples::bytes());
        bencher.bench_local(|| samples::read_all(&ty.decode(black_box(&bytes)).unwrap()));
    }

    #[divan::bench]
    fn prost(bencher: Bencher<'_, '_>) {
        let bytes = samples::prost_book().encode_to_vec();
        bencher.bench_local(|| drop(black_box(samples::ProstBook::decode(black_box(&bytes[..])).unwrap())));
    }
}

mod envelope {
    use super::*;

    /// The message is written into its envelope.
    #[divan::bench]
    fn encode_generated(bencher: Bencher<'_, '_>) {
        let (msg, envelope) = (samples::echo(), samples::MsgRef::default().with_name("EchoRequest"));
        encode(bencher, |out| {
            black_box(&envelope).encode_with_bin(out, |out| black_box(&msg).encode(out)).unwrap();
        });
    }

    /// The message is encoded into a buffer, and that into the envelope.
    #[divan::bench]
    fn encode_generated_twice(bencher: Bencher<'_, '_>) {
        let (msg, mut bin) = (samples::echo(), Vec::with_capacity(64));
        encode(bencher, |out| {
            bin.clear();
            black_box(&msg).encode(&mut bin).unwrap();
            samples::MsgRef { name: Some("EchoRequest"), bin: Some(&bin) }.encode(out).unwrap();
        });
    }

    #[divan::bench]
    fn encode_generated_msg_alone(bencher: Bencher<'_, '_>) {
        let msg = samples::MsgRef { name: Some("EchoRequest"), bin: Some(&[1; 19]) };
        encode(bencher, |out| black_box(&msg).encode(out).unwrap());
    }

    #[divan::bench]
    fn decode_generated_borrowed(bencher: Bencher<'_, '_>) {
        let bytes = samples::envelope();
        bencher.bench_local(|| {
            samples::MsgRef::decode(black_box(&bytes)).map(|msg| msg.name().len() + msg.bin().len()).unwrap()
        });
    }

    #[divan::bench]
    fn decode_generated_owned(bencher: Bencher<'_, '_>) {
        let bytes = samples::envelope();
        bencher
            .bench_local(|| drop(black_box(<samples::Msg as Message>::decode(black_box(&bytes)).unwrap())));
    }

    #[divan::bench]
    fn encode_dynamic(bencher: Bencher<'_, '_>) {
        let (ty, msg) = (samples::schema("Msg"), samples::msg_value());
        encode(bencher, |out| ty.encode(black_box(&msg), out).unwrap());
    }

    #[divan::bench]
    fn decode_dynamic(bencher: Bencher<'_, '_>) {
        let (ty, bytes) = (samples::schema("Msg"), samples::envelope());
        bencher.bench_local(|| drop(black_box(ty.decode(black_box(&bytes)).unwrap())));
    }

    #[divan::bench]
    fn encode_serde(bencher: Bencher<'_, '_>) {
        let (ty, bytes) = (samples::schema("Msg"), samples::envelope());
        let msg: samples::SerdeMsg<'_> = sproto::from_bytes(&ty, &bytes).unwrap();
        encode(bencher, |out| sproto::append_bytes(&ty, black_box(&msg), out).unwrap());
    }

    #[divan::bench]
    fn decode_serde_borrowed(bencher: Bencher<'_, '_>) {
        let (ty, bytes) = (samples::schema("Msg"), samples::envelope());
        bencher.bench_local(|| {
            sproto::from_bytes::<samples::SerdeMsg<'_>>(&ty, black_box(&bytes)).map(|msg| msg.len()).unwrap()
        });
    }

    #[divan::bench]
    fn encode_prost(bencher: Bencher<'_, '_>) {
        use prost::Message as _;
        let msg = samples::prost_msg();
        encode(bencher, |out| black_box(&msg).encode(out).unwrap());
    }

    #[divan::bench]
    fn decode_prost(bencher: Bencher<'_, '_>) {
        use prost::Message as _;
        let bytes = samples::prost_msg().encode_to_vec();
        bencher.bench_local(|| drop(black_box(samples::ProstMsg::decode(black_box(&bytes[..])).unwrap())));
    }
}

mod packing {
    use super::*;

    #[divan::bench]
    fn address_book_pack(bencher: Bencher<'_, '_>) {
        let bytes = samples::bytes();
        encode(bencher, |out| sproto::pack(black_box(&bytes), out));
    }

    #[divan::bench]
    fn address_book_unpack(bencher: Bencher<'_, '_>) {
        let packed = samples::packed(&samples::bytes());
        encode(bencher, |out| sproto::unpack(black_box(&packed), 1 << 20, out).unwrap());
    }

    #[divan::bench]
    fn dense_64_kib_pack(bencher: Bencher<'_, '_>) {
        let bytes = samples::dense();
        encode(bencher, |out| sproto::pack(black_box(&bytes), out));
    }

    #[divan::bench]
    fn dense_64_kib_unpack(bencher: Bencher<'_, '_>) {
        let packed = samples::packed(&samples::dense());
        encode(bencher, |out| sproto::unpack(black_box(&packed), 1 << 20, out).unwrap());
    }
}

//! Whether there is anything to see in a picture of one element: a button that is transparent, or of its background's color, takes a
//! click, and nobody would press it. Pictures are PNGs (RFC 2083), as browsers make them. Nothing of one is kept.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::BrowserError;

/// Refuses an element of which a person sees nothing.
pub(super) fn is_seen(base64: &str) -> Result<(), BrowserError> {
    let refused = |why: &str| Err(BrowserError::Refused(why.to_owned()));
    let picture = BASE64_STANDARD.decode(base64).ok().and_then(|bytes| Picture::read(&bytes));
    match picture {
        None => refused("no picture of the element can be had"),
        Some(picture) if picture.width.min(picture.height) < LEAST_PIXELS => {
            refused("the element is too small to be seen")
        }
        Some(picture) if picture.contrast() < LEAST_CONTRAST => {
            refused("there is nothing to see where the element is")
        }
        Some(_) => Ok(()),
    }
}

/// The pixels of a picture, row by row.
#[derive(Debug, PartialEq, Eq)]
struct Picture {
    width: usize,
    height: usize,
    /// How many bytes a pixel has: 3 or 4.
    step: usize,
    bytes: Vec<u8>,
}

impl Picture {
    /// Reads a PNG of 8 bits a channel, in RGB or RGBA, that is not interlaced: what browsers write.
    fn read(png: &[u8]) -> Option<Self> {
        let mut rest = png.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
        let (mut head, mut data) = (None, Vec::new());
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let (kind, after) = after.split_first_chunk::<4>()?;
            let (chunk, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            match kind {
                b"IHDR" => head = Some(chunk),
                b"IDAT" => data.extend_from_slice(chunk),
                _ => {}
            }
            rest = after.get(4..)?;
        }
        let (width, more) = head?.split_first_chunk::<4>()?;
        let (height, more) = more.split_first_chunk::<4>()?;
        let (width, height) = (u32::from_be_bytes(*width) as usize, u32::from_be_bytes(*height) as usize);
        let step = match more {
            [8, 2, _, _, 0] => 3,
            [8, 6, _, _, 0] => 4,
            _ => return None,
        };
        let row = width.checked_mul(step)?;
        let whole =
            row.checked_add(1)?.checked_mul(height).filter(|whole| (1..=MOST_BYTES).contains(whole))?;
        let filtered = decompress_to_vec_zlib_with_limit(&data, whole).ok()?;
        let bytes = unfiltered(&filtered, row, step)?;
        (bytes.len() == row * height).then_some(Self { width, height, step, bytes })
    }

    /// How far its lightest and its darkest pixel are apart, at most 255. What is transparent in the picture itself is white.
    fn contrast(&self) -> u8 {
        let light = |pixel: &[u8]| {
            let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
            let alpha = pixel.get(3).copied().map_or(255, u32::from);
            // The weights of ITU-R BT.601.
            let light = (299 * red + 587 * green + 114 * blue) / 1000;
            u8::try_from((light * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        let lights = self.bytes.chunks_exact(self.step).map(light);
        let (darkest, lightest) =
            lights.fold((u8::MAX, 0), |(dark, bright), light| (dark.min(light), bright.max(light)));
        lightest.saturating_sub(darkest)
    }
}

/// Undoes the filters of the rows, each of which has the number of its own before it.
fn unfiltered(filtered: &[u8], row: usize, step: usize) -> Option<Vec<u8>> {
    let mut bytes: Vec<u8> = Vec::with_capacity(filtered.len());
    let mut above = vec![0; row];
    for line in filtered.chunks(row + 1) {
        let (filter, line) = line.split_first()?;
        let mut here: Vec<u8> = Vec::with_capacity(row);
        for (at, byte) in line.iter().enumerate() {
            let left = at.checked_sub(step).map_or(0, |at| here[at]);
            let corner = at.checked_sub(step).map_or(0, |at| above[at]);
            let up = *above.get(at)?;
            let guess = match filter {
                0 => 0,
                1 => left,
                2 => up,
                3 => left.midpoint(up),
                4 => nearest(left, up, corner),
                _ => return None,
            };
            here.push(byte.wrapping_add(guess));
        }
        bytes.extend_from_slice(&here);
        above = here;
    }
    Some(bytes)
}

/// Paeth's predictor: of left, up and corner the one that is nearest to left + up - corner.
fn nearest(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |byte: u8| guess.abs_diff(i16::from(byte));
    match (far(left), far(up), far(corner)) {
        (by_left, by_up, by_corner) if by_left <= by_up && by_left <= by_corner => left,
        (_, by_up, by_corner) if by_up <= by_corner => up,
        _ => corner,
    }
}

/// In pixels of the screen. The smallest button that anybody makes is larger.
const LEAST_PIXELS: usize = 8;
/// Text that can be read is far above it, and a trace of a button far below.
const LEAST_CONTRAST: u8 = 32;
/// Four times a large screen.
const MOST_BYTES: usize = 128 << 20;

#[cfg(test)]
mod tests {
    use miniz_oxide::deflate::compress_to_vec_zlib;
    use proptest::prelude::*;

    use super::*;

    /// A PNG whose rows go through the filters by turns.
    fn png(width: usize, height: usize, step: usize, bytes: &[u8], filters: &[u8]) -> Vec<u8> {
        let row = width * step;
        let mut filtered = Vec::new();
        for nth in 0..height {
            let filter = filters[nth % filters.len()];
            filtered.push(filter);
            for at in 0..row {
                let byte = |back: bool, up: bool| {
                    let at = if back { at.checked_sub(step)? } else { at };
                    let nth = if up { nth.checked_sub(1)? } else { nth };
                    Some(bytes[nth * row + at])
                };
                let [left, up, corner] =
                    [byte(true, false), byte(false, true), byte(true, true)].map(Option::unwrap_or_default);
                let guess = [0, left, up, left.midpoint(up), nearest(left, up, corner)][usize::from(filter)];
                filtered.push(bytes[nth * row + at].wrapping_sub(guess));
            }
        }
        let data = compress_to_vec_zlib(&filtered, 6);
        let mut head: Vec<u8> =
            [width, height].iter().flat_map(|side| (*side as u32).to_be_bytes()).collect();
        head.extend([8, if step == 3 { 2 } else { 6 }, 0, 0, 0]);
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        let (first, second) = data.split_at(data.len() / 2);
        for (kind, chunk) in [(b"IHDR", &head[..]), (b"IDAT", first), (b"IDAT", second), (b"IEND", &[])] {
            png.extend((chunk.len() as u32).to_be_bytes());
            png.extend(kind);
            png.extend(chunk);
            png.extend([0; 4]);
        }
        png
    }

    fn judged(width: usize, height: usize, bytes: &[u8]) -> Result<(), String> {
        let png = png(width, height, 4, bytes, &[0, 1, 2, 3, 4]);
        is_seen(&BASE64_STANDARD.encode(png)).map_err(|error| error.to_string())
    }

    #[test]
    fn something_has_to_be_seen() {
        let plain = [240, 240, 240, 255].repeat(80 * 32);
        let with = |pixel: [u8; 4]| {
            let mut bytes = plain.clone();
            bytes[4_000..4_004].copy_from_slice(&pixel);
            bytes
        };
        let why = |judged: Result<(), String>| judged.expect_err("it is refused");
        assert!(why(judged(80, 32, &plain)).contains("nothing to see"));
        // The text of a button at 5 percent.
        assert!(why(judged(80, 32, &with([229, 229, 229, 255]))).contains("nothing to see"));
        assert_eq!(judged(80, 32, &with([36, 41, 47, 255])), Ok(()));
        assert!(why(judged(4, 4, &plain[..64])).contains("too small"));
        assert!(is_seen("no picture").is_err() && is_seen("").is_err());
    }

    proptest! {
        #[test]
        fn a_picture_is_read_as_it_was_made(
            (width, height, step, bytes) in (1_usize..9, 1_usize..9, 3_usize..5).prop_flat_map(|(width, height, step)| {
                (Just(width), Just(height), Just(step), proptest::collection::vec(any::<u8>(), width * height * step))
            }),
            filters in proptest::collection::vec(0_u8..5, 1..6),
        ) {
            let read = Picture::read(&png(width, height, step, &bytes, &filters));
            prop_assert_eq!(read, Some(Picture { width, height, step, bytes }));
        }

        #[test]
        fn what_is_no_picture_is_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Picture::read(&bytes);
            let _ = Picture::read(&[&b"\x89PNG\r\n\x1a\n"[..], &bytes].concat());
        }
    }
}

//! Makes RSA keys. ring signs with such keys and checks signatures, but makes none.

use num_bigint::BigUint;

use crate::secret;

/// Bytes of a prime; a modulus has twice as many.
const BYTES: usize = 128;
/// Candidates are divided by the primes below this before they are tested.
const SMALL: u32 = 1 << 14;
/// How far above a random number a prime is looked for.
const REACH: u32 = 1 << 13;

/// The numbers of a key, named as in RFC 8017, big-endian.
#[derive(Debug)]
pub(super) struct Numbers {
    pub(super) n: Vec<u8>,
    pub(super) d: Vec<u8>,
    pub(super) p: Vec<u8>,
    pub(super) q: Vec<u8>,
    pub(super) dp: Vec<u8>,
    pub(super) dq: Vec<u8>,
    pub(super) qi: Vec<u8>,
}

/// The public exponent of every key.
pub(super) const E: [u8; 3] = [1, 0, 1];

/// Makes a key of 2048 bits. Fails when the OS has no randomness.
pub(super) fn make() -> Result<Numbers, getrandom::Error> {
    let small = small_primes();
    // Each takes some 40 ms, so two threads share the work.
    let (p, q) = std::thread::scope(|scope| {
        let other = scope.spawn(|| prime(&small));
        let one = prime(&small);
        (one, other.join().unwrap_or_else(|_| prime(&small)))
    });
    match numbers(p?, q?) {
        Some(numbers) => Ok(numbers),
        None => make(),
    }
}

/// Computes what follows from two primes; `None` if they are the same.
fn numbers(p: BigUint, q: BigUint) -> Option<Numbers> {
    let (p, q) = if p > q { (p, q) } else { (q, p) };
    let (p_less, q_less) = (&p - 1_u8, &q - 1_u8);
    let d = BigUint::from_bytes_be(&E).modinv(&(&p_less * &q_less))?;
    let qi = q.modinv(&p)?;
    Some(Numbers {
        n: (&p * &q).to_bytes_be(),
        dp: (&d % p_less).to_bytes_be(),
        dq: (&d % q_less).to_bytes_be(),
        d: d.to_bytes_be(),
        p: p.to_bytes_be(),
        q: q.to_bytes_be(),
        qi: qi.to_bytes_be(),
    })
}

fn small_primes() -> Vec<u32> {
    let mut primes: Vec<u32> = Vec::new();
    for n in (3..SMALL).step_by(2) {
        if primes.iter().take_while(|&&prime| prime * prime <= n).all(|prime| n % prime != 0) {
            primes.push(n);
        }
    }
    primes
}

/// Finds a prime that fits [`E`]. Random numbers of this size that pass one test of Fermat and are no primes are so rare that
/// nobody has met one; ring would find out at the first signature.
fn prime(small: &[u32]) -> Result<BigUint, getrandom::Error> {
    let (one, two, e) = (BigUint::from(1_u8), BigUint::from(2_u8), BigUint::from_bytes_be(&E));
    loop {
        let mut bytes: [u8; BYTES] = secret::random()?;
        // The product of two such numbers has all its bits.
        bytes[0] |= 0xc0;
        bytes[BYTES - 1] |= 1;
        let start = BigUint::from_bytes_be(&bytes);
        let rest = |&prime| u32::try_from(&start % prime).unwrap_or_default();
        let rests: Vec<u32> = small.iter().map(rest).collect();
        for step in (0..REACH).step_by(2) {
            if small.iter().zip(&rests).any(|(prime, rest)| (rest + step) % prime == 0) {
                continue;
            }
            let number = &start + step;
            let less = &number - &one;
            if two.modpow(&less, &number) == one && &less % &e != BigUint::ZERO {
                return Ok(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_primes_are_primes() {
        let primes = small_primes();
        assert_eq!(primes[..8], [3, 5, 7, 11, 13, 17, 19, 23]);
        assert_eq!((primes.len(), primes.last()), (1_899, Some(&16_381)));
    }

    #[test]
    fn the_numbers_of_a_key_fit_together() {
        let key = make().unwrap();
        let [n, d, p, q, dp, dq, qi] = [&key.n, &key.d, &key.p, &key.q, &key.dp, &key.dq, &key.qi]
            .map(|bytes| BigUint::from_bytes_be(bytes));
        assert_eq!((n.bits(), p.bits(), q.bits()), (2_048, 1_024, 1_024));
        assert!(p > q);
        assert_eq!(&p * &q, n);
        assert_eq!((&qi * &q) % &p, BigUint::from(1_u8));
        assert_eq!((&d % (&p - 1_u8), &d % (&q - 1_u8)), (dp, dq));
        let message = BigUint::from(1_234_567_u32);
        let hidden = message.modpow(&BigUint::from_bytes_be(&E), &n);
        assert_eq!(hidden.modpow(&d, &n), message);
    }

    #[test]
    fn two_equal_primes_make_no_key() {
        let prime = BigUint::from(65_539_u32);
        assert!(numbers(prime.clone(), prime).is_none());
    }
}

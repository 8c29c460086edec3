//! A digest over data that comes piece by piece.

use crate::hashchain::{Digest, DigestAlgorithm};

pub struct Digester {
    algorithm: DigestAlgorithm,
    context: aws_lc_rs::digest::Context,
}

impl Digester {
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        Digester { algorithm, context: aws_lc_rs::digest::Context::new(algorithm.implementation()) }
    }

    pub fn update(&mut self, data: &[u8]) {
        self.context.update(data);
    }

    pub fn finish(self) -> Digest {
        Digest { algorithm: self.algorithm, value: self.context.finish().as_ref().to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        let mut digester = Digester::new(DigestAlgorithm::Sha512);
        b"a message".chunks(2).for_each(|piece| digester.update(piece));
        assert_eq!(digester.finish(), Digest::sha512(b"a message"));
    }
}

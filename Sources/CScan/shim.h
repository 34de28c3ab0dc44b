// Looks at sixteen bytes at once: Swift's SIMD types have no way to turn a comparison into bits. The compiler makes of it what the processor
// has (on x86-64 a comparison and PMOVMSKB).
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef uint8_t songhan_bytes __attribute__((ext_vector_type(16)));
typedef bool songhan_bits __attribute__((ext_vector_type(16)));

/// Bit n: byte n is one of three.
static inline uint32_t songhan_any_of(const uint8_t *bytes, uint8_t a, uint8_t b, uint8_t c) {
  songhan_bytes all;
  __builtin_memcpy(&all, bytes, sizeof all);
  songhan_bits bits = __builtin_convertvector((all == a) | (all == b) | (all == c), songhan_bits);
  uint16_t mask;
  __builtin_memcpy(&mask, &bits, sizeof mask);
  return mask;
}

/// Bit n: byte n is a control character (below 0x20). Bit 16 + n: byte n is not ASCII.
static inline uint32_t songhan_not_plain(const uint8_t *bytes) {
  songhan_bytes all;
  __builtin_memcpy(&all, bytes, sizeof all);
  songhan_bits low = __builtin_convertvector(all < (uint8_t)0x20, songhan_bits);
  songhan_bits high = __builtin_convertvector(all >= (uint8_t)0x80, songhan_bits);
  uint16_t masks[2];
  __builtin_memcpy(&masks[0], &low, sizeof masks[0]);
  __builtin_memcpy(&masks[1], &high, sizeof masks[1]);
  return (uint32_t)masks[1] << 16 | masks[0];
}

// CRC-32 and SHA-256 against published check values.
#include <stdlib.h>
#include <string.h>

#include "digest/crc32.h"
#include "digest/sha256.h"
#include "report.h"

// SHA-256 of `text` repeated, fed in pieces of `piece` bytes.
static bool sha_is(const char *text, size_t repeat, size_t piece, const char *hex) {
    struct ftte_sha256 sha;
    uint8_t digest[32];
    char found[65];
    size_t count = strlen(text) * repeat;
    char *bytes = malloc(count + 1);
    for (size_t i = 0; i < repeat; i++) memcpy(bytes + i * strlen(text), text, strlen(text));
    ftte_sha256_start(&sha);
    for (size_t at = 0; at < count; at += piece)
        ftte_sha256_add(&sha, bytes + at, count - at < piece ? count - at : piece);
    ftte_sha256_finish(&sha, digest);
    free(bytes);
    for (int i = 0; i < 32; i++) snprintf(found + 2 * i, 3, "%02x", digest[i]);
    return strcmp(found, hex) == 0;
}

static const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

int main(void) {
    report(ftte_crc32(0, "123456789", 9) == 0xcbf43926, "CRC-32 of \"123456789\" is cbf43926");
    report(ftte_crc32(ftte_crc32(0, "12345", 5), "6789", 4) == 0xcbf43926, "CRC-32 goes on from an earlier part");
    report(ftte_crc32(0, "", 0) == 0, "CRC-32 of nothing is 0");
    report(sha_is("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "SHA-256 of nothing");
    report(sha_is("abc", 1, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
           "SHA-256 of \"abc\" (FIPS 180-4 example, one block)");
    bool all = true;
    for (size_t piece = 1; piece <= 56; piece++)
        all &= sha_is(two_blocks, 1, piece, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    report(all, "SHA-256 of the FIPS 180-4 two-block message, in pieces of 1 to 56 bytes");
    report(sha_is("a", 1000000, 241, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
           "SHA-256 of a million times \"a\" (FIPS 180-4 example)");
    puts("done");
    return 0;
}

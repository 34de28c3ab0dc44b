/* The floor for reading: libxml2's push parser over outer and inner documents, with empty callbacks.
 *
 * It does the least that any reader built on libxml2 must do: hand it every byte of the envelope, gather the text of NOIDUNGFILE, decode the
 * Base64, hand every byte of the inner document to a second parser. It looks at no name, keeps no value and checks nothing.
 *
 *   sax [-c BYTES] [-w] FILE...      -c: size of the outer chunks (default 8192)   -w: inner documents whole, else in chunks of the same size
 */
#include <fcntl.h>
#include <libxml/parser.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned char value[256];
static unsigned char *text, *decoded;
static size_t text_count, text_room, decoded_room;
static int in_content;
static size_t chunk = 8192;
static int whole;
static xmlSAXHandler outer_callbacks, inner_callbacks;
static xmlParserCtxtPtr inner;
static uint64_t bytes_out, bytes_in, documents;

static void die(const char *what) {
  fprintf(stderr, "sax: %s\n", what);
  exit(1);
}

static void none_start(void *c, const xmlChar *n, const xmlChar *p, const xmlChar *u, int nn, const xmlChar **ns, int na, int nd,
                       const xmlChar **a) {
  (void)c, (void)n, (void)p, (void)u, (void)nn, (void)ns, (void)na, (void)nd, (void)a;
}
static void none_end(void *c, const xmlChar *n, const xmlChar *p, const xmlChar *u) { (void)c, (void)n, (void)p, (void)u; }
static void none_text(void *c, const xmlChar *t, int n) { (void)c, (void)t, (void)n; }

static void read_inner(void) {
  size_t room = text_count / 4 * 3 + 4;
  if (room > decoded_room) {
    decoded = realloc(decoded, decoded_room = room * 2);
    if (!decoded) die("out of memory");
  }
  /* four letters to three bytes; these files have no line breaks inside */
  const unsigned char *from = text, *end = text + text_count;
  unsigned char *to = decoded;
  while (end > from && (end[-1] == '=' || end[-1] == '\n')) end--;
  for (; end - from >= 4; from += 4, to += 3) {
    uint32_t four = (uint32_t)value[from[0]] << 18 | (uint32_t)value[from[1]] << 12 | (uint32_t)value[from[2]] << 6 | value[from[3]];
    to[0] = (unsigned char)(four >> 16), to[1] = (unsigned char)(four >> 8), to[2] = (unsigned char)four;
  }
  if (end - from >= 2) *to++ = (unsigned char)(value[from[0]] << 2 | value[from[1]] >> 4);
  if (end - from >= 3) *to++ = (unsigned char)(value[from[1]] << 4 | value[from[2]] >> 2);
  size_t count = (size_t)(to - decoded);
  bytes_in += count;
  documents++;
  if (!inner) {
    inner = xmlCreatePushParserCtxt(&inner_callbacks, NULL, NULL, 0, NULL);
    if (!inner) die("no parser");
    xmlCtxtUseOptions(inner, XML_PARSE_NONET | XML_PARSE_COMPACT);
  } else if (xmlCtxtResetPush(inner, NULL, 0, NULL, NULL) != 0) {
    die("no parser");
  }
  if (whole) {
    if (xmlParseChunk(inner, (const char *)decoded, (int)count, 1) != 0) die("an inner document is not well-formed");
    return;
  }
  for (size_t at = 0; at < count; at += chunk) {
    size_t n = count - at < chunk ? count - at : chunk;
    if (xmlParseChunk(inner, (const char *)decoded + at, (int)n, at + n == count) != 0) die("an inner document is not well-formed");
  }
}

static void outer_start(void *c, const xmlChar *n, const xmlChar *p, const xmlChar *u, int nn, const xmlChar **ns, int na, int nd,
                        const xmlChar **a) {
  (void)c, (void)p, (void)u, (void)nn, (void)ns, (void)na, (void)nd, (void)a;
  if (n[0] == 'N' && strcmp((const char *)n, "NOIDUNGFILE") == 0) in_content = 1, text_count = 0;
}
static void outer_end(void *c, const xmlChar *n, const xmlChar *p, const xmlChar *u) {
  (void)c, (void)n, (void)p, (void)u;
  if (in_content) in_content = 0, read_inner();
}
static void outer_text(void *c, const xmlChar *t, int n) {
  (void)c;
  if (!in_content) return;
  if (text_count + (size_t)n > text_room) {
    text = realloc(text, text_room = (text_count + (size_t)n) * 2);
    if (!text) die("out of memory");
  }
  memcpy(text + text_count, t, (size_t)n);
  text_count += (size_t)n;
}

static void prepare(xmlSAXHandler *callbacks) {
  memset(callbacks, 0, sizeof *callbacks);
  callbacks->initialized = XML_SAX2_MAGIC;
  callbacks->startElementNs = none_start;
  callbacks->endElementNs = none_end;
  callbacks->characters = none_text;
  callbacks->ignorableWhitespace = none_text;
  callbacks->cdataBlock = none_text;
}

static void read_file(const char *path, char *buffer) {
  int file = open(path, O_RDONLY);
  if (file < 0) die("a file cannot be opened");
  xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&outer_callbacks, NULL, NULL, 0, NULL);
  if (!parser) die("no parser");
  xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_COMPACT | XML_PARSE_HUGE);
  ssize_t count;
  while ((count = read(file, buffer, chunk)) > 0) {
    bytes_out += (uint64_t)count;
    if (xmlParseChunk(parser, buffer, (int)count, 0) != 0) die("an envelope is not well-formed");
  }
  if (count < 0) die("a file cannot be read");
  if (xmlParseChunk(parser, buffer, 0, 1) != 0) die("an envelope is not well-formed");
  xmlFreeParserCtxt(parser);
  close(file);
}

int main(int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "c:w")) != -1) {
    if (option == 'c') chunk = strtoul(optarg, NULL, 10);
    else if (option == 'w') whole = 1;
    else return 64;
  }
  const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 64; i++) value[(unsigned char)alphabet[i]] = (unsigned char)i;
  prepare(&inner_callbacks);
  prepare(&outer_callbacks);
  outer_callbacks.startElementNs = outer_start;
  outer_callbacks.endElementNs = outer_end;
  outer_callbacks.characters = outer_text;
  outer_callbacks.ignorableWhitespace = outer_text;
  char *buffer = malloc(chunk);
  if (!buffer || chunk == 0) die("no buffer");
  for (int i = optind; i < argc; i++) read_file(argv[i], buffer);
  printf("%llu bytes, %llu inner bytes, %llu documents\n", (unsigned long long)bytes_out, (unsigned long long)bytes_in,
         (unsigned long long)documents);
  return 0;
}

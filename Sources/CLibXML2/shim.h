#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/SAX2.h>
#include <libxml/catalog.h>
#include <libxml/xmlerror.h>

// Both error channels of libxml2 belong to the calling thread and print unless told otherwise; the generic one takes a variadic function,
// which Swift cannot write.
static inline void songhan_silent(void *context, const char *message, ...) { (void)context; (void)message; }
static inline void songhan_silent_structured(void *context, xmlErrorPtr error) { (void)context; (void)error; }
static inline void songhan_silence_errors(void) {
  xmlSetGenericErrorFunc(NULL, songhan_silent);
  xmlSetStructuredErrorFunc(NULL, songhan_silent_structured);
}

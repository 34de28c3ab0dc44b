// libcrypto of OpenSSL 3: CMS, X.509 and keys. What stands below are macros there, which Swift does not import.
#pragma once
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

/// The bytes that a memory BIO holds; they stay its own.
static inline long songhan_bio_data(BIO *bio, char **data) { return BIO_get_mem_data(bio, data); }

/// Empties a memory BIO.
static inline void songhan_bio_reset(BIO *bio) { (void)BIO_reset(bio); }

static inline int songhan_bio_flush(BIO *bio) { return BIO_flush(bio); }

/// Adds a recipient; RSA keys carry the content's key by OAEP with SHA-256.
static inline int songhan_add_recipient(CMS_ContentInfo *cms, X509 *certificate) {
  CMS_RecipientInfo *info = CMS_add1_recipient_cert(cms, certificate, CMS_KEY_PARAM);
  if (info == NULL) return 0;
  EVP_PKEY *key = X509_get0_pubkey(certificate);
  if (key == NULL) return 0;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) return 1;
  EVP_PKEY_CTX *context = CMS_RecipientInfo_get0_pkey_ctx(info);
  return context != NULL && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 && EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

/// Never asks on the terminal for the password of a key.
static inline int songhan_no_password(char *buffer, int size, int writing, void *unused) {
  (void)buffer, (void)size, (void)writing, (void)unused;
  return -1;
}

static inline EVP_PKEY *songhan_read_key(BIO *bio) { return PEM_read_bio_PrivateKey(bio, NULL, songhan_no_password, NULL); }

static inline X509 *songhan_read_certificate(BIO *bio) { return PEM_read_bio_X509(bio, NULL, songhan_no_password, NULL); }

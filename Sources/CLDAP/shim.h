#pragma once
#include <ldap.h>
#include <openldap.h>

/* One question of libsasl2 to its caller: `sasl_interact_t` of sasl/sasl.h, whose package is needed for nothing else. */
struct sasl_question {
  unsigned long id;
  const char *challenge;
  const char *prompt;
  const char *defresult;
  const void *result;
  unsigned len;
};

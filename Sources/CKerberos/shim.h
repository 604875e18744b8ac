#pragma once
#include <krb5.h>
#include <gssapi/gssapi_krb5.h>

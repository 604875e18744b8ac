#pragma once
#include <ldap.h>
#include <openldap.h>

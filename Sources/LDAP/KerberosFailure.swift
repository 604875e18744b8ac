internal import CKerberos
internal import Glibc

/// Why there is no ticket: Kerberos' own words, and what to do.
struct KerberosFailure: Error {
  let code: krb5_error_code
  /// krb5_get_error_message(3): `Client 'rollcall@EXAMPLE.COM' not found in Kerberos database`.
  let message: String

  /// Whether no server of the realm has answered, so that it is worth trying again soon.
  var isUnreachable: Bool { KerberosFailure.unreachable.contains(Int(code)) }

  var reason: String {
    let advice = advice
    return advice.isEmpty ? message : "\(message); \(advice)"
  }

  private static let unreachable = [KRB5_KDC_UNREACH, KRB5_REALM_UNKNOWN, KRB5_REALM_CANT_RESOLVE]

  /// What to look at if no KDC answers.
  static let reachingAdvice =
    "check that a KDC of the realm runs, its names in /etc/krb5.conf or its DNS records _kerberos._udp, and the firewall "
    + "(port 88)"

  static let clockAdvice =
    "clocks differ by more than five minutes: set this machine's clock, or the server's (timedatectl, chronyc tracking)"

  private var advice: String {
    if isUnreachable { return KerberosFailure.reachingAdvice }
    switch Int(code) {
    case KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN: return "check directory.bind.principal, also its upper and lower case"
    case KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN:
      return "name the server in directory.url as its service principal does (ldap/NAME), and set "
        + "dns_canonicalize_hostname = false and rdns = false in /etc/krb5.conf if it changes that name"
    case KRB5KDC_ERR_PREAUTH_FAILED, KRB5KRB_AP_ERR_BAD_INTEGRITY:
      return "the key in directory.bind.keytab is not the account's: its password has changed since; "
        + "export the keytab again"
    case KRB5KDC_ERR_CLIENT_REVOKED: return "the account is disabled or locked: enable it"
    case KRB5KDC_ERR_NAME_EXP: return "the account has expired: extend it"
    case KRB5KDC_ERR_KEY_EXP:
      return "the account's password has expired: let it not expire, and export the keytab again"
    case KRB5KDC_ERR_ETYPE_NOSUPP, KRB5_KT_NOTFOUND:
      return "export the keytab again, with AES keys of directory.bind.principal"
    case KRB5KRB_AP_ERR_SKEW, KRB5_KDCREP_SKEW, KRB5KRB_AP_ERR_TKT_NYV: return KerberosFailure.clockAdvice
    case KRB5KRB_AP_ERR_TKT_EXPIRED:
      return "the realm's tickets end too soon: check ticket_lifetime in /etc/krb5.conf, and the clocks"
    case KRB5KDC_ERR_WRONG_REALM: return "check the realm in directory.bind.principal"
    case KRB5_PREAUTH_FAILED, Int(ENOENT), Int(EACCES): return "check directory.bind.keytab and who may read it"
    default: return ""
    }
  }
}

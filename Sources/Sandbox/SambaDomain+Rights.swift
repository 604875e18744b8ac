extension SambaDomain {
  /// Forbids the account to write an attribute of one object.
  public nonisolated func forbid(writing attribute: String, of dn: String) async throws {
    let script = """
      import sys
      from samba.auth import system_session
      from samba.dcerpc import misc, security
      from samba.ndr import ndr_unpack
      from samba.param import LoadParm
      from samba.samdb import SamDB
      from samba.sd_utils import SDUtils

      settings = LoadParm()
      settings.load(sys.argv[1])
      samdb = SamDB(lp=settings, session_info=system_session())
      account = samdb.search(samdb.domain_dn(), expression="(sAMAccountName=rollcall)", attrs=["objectSid"])
      schema = samdb.search(
          samdb.get_schema_basedn(), expression="(lDAPDisplayName=%s)" % sys.argv[2], attrs=["schemaIDGUID"])
      sid = ndr_unpack(security.dom_sid, account[0]["objectSid"][0])
      attribute = ndr_unpack(misc.GUID, schema[0]["schemaIDGUID"][0])
      SDUtils(samdb).dacl_add_ace(sys.argv[3], "(OD;;WP;%s;;%s)" % (attribute, sid))
      """
    _ = try await Command(installation.python, ["-c", script, home + "/smb.conf", attribute, dn]).run(
      within: .seconds(60))
  }
}

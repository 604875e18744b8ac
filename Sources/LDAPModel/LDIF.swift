/// LDIF (RFC 2849): text for entries and changes. Every record ends with an empty line, so they can be joined.
public enum LDIF {
  /// Attributes whose values are shown only on request, by their names and by their object identifiers, which are
  /// valid names as well (RFC 4512 section 2.5).
  public static let secretAttributes = [
    "userPassword", "2.5.4.35",
    "unicodePwd", "1.2.840.113556.1.4.90",
    "dBCSPwd", "1.2.840.113556.1.4.55",
    "ntPwdHistory", "1.2.840.113556.1.4.94",
    "lmPwdHistory", "1.2.840.113556.1.4.160",
    "supplementalCredentials", "1.2.840.113556.1.4.125",
    "authPassword", "1.3.6.1.4.1.4203.1.3.4",
    "pwdHistory", "1.3.6.1.4.1.42.2.27.8.1.20",
    "krbPrincipalKey", "2.16.840.1.113719.1.301.4.39.1",
    "sambaNTPassword", "1.3.6.1.4.1.7165.2.1.25",
    "sambaLMPassword", "1.3.6.1.4.1.7165.2.1.24",
  ]

  /// Whether an attribute is one of them, ignoring options.
  public static func isSecret(_ attribute: String) -> Bool {
    let type = withoutOptions(attribute)
    return secretAttributes.contains { equalWithoutCase($0, type) }
  }

  /// The first line of a file.
  public static let header = "version: 1\n\n"

  /// A change record. Values of secret attributes, with any options, are `***`.
  public static func change(_ operation: Operation, secrets: [String] = secretAttributes) -> String {
    var writer = LDIFWriter(secrets: secrets)
    writer.line("dn", operation.dn.text)
    switch operation {
    case .add(_, let attributes):
      writer.line("changetype", "add")
      writer.attributes(attributes)
    case .delete:
      writer.line("changetype", "delete")
    case .modify(_, let modifications):
      writer.line("changetype", "modify")
      for modification in modifications { writer.modification(modification) }
    case .rename(_, let name, let deleteOld, let newParent):
      writer.line("changetype", "modrdn")
      writer.line("newrdn", name.text)
      writer.line("deleteoldrdn", deleteOld ? "1" : "0")
      if let newParent { writer.line("newsuperior", newParent.text) }
    }
    return writer.record
  }

  /// A content record.
  public static func entry(_ entry: Entry, secrets: [String] = secretAttributes) -> String {
    var writer = LDIFWriter(secrets: secrets)
    writer.line("dn", entry.dn.text)
    writer.attributes(entry.attributes)
    return writer.record
  }

  /// Comment lines. Line breaks begin a new comment line and other control characters are `\xx`, so that nothing in
  /// the text can end the comment. Not folded.
  public static func comment(_ text: String) -> String {
    var out: [UInt8] = []
    let lines = text.utf8.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false)
    for line in lines {
      out.append(ASCII.hash)
      let line = line.last == ASCII.carriageReturn ? line.dropLast() : line
      if !line.isEmpty { out.append(ASCII.space) }
      appendReadable(Array(line), to: &out)
      out.append(ASCII.lineFeed)
    }
    return String(decoding: out, as: UTF8.self)
  }
}

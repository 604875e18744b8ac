internal import LDAP
internal import LDAPModel
internal import RollcallCore

extension Problem {
  /// Describes a server's refusal of one step for an administrator.
  static func refusal(of step: Step, _ error: LDAPError) -> Problem {
    let reason: Reason =
      switch error.code {
      case .insufficientAccessRights: .access
      case .entryAlreadyExists: .nameTaken
      case .undefinedAttributeType, .inappropriateMatching, .constraintViolation, .invalidAttributeSyntax,
        .objectClassViolation, .namingViolation, .invalidDNSyntax, .objectClassModsProhibited:
        .schema
      default: .refused
      }
    // The server does not say which attribute it means.
    let names =
      if case .modify = step.operation { " (\(step.operation.attributeNames.joined(separator: ", ")))" } else { "" }
    return Problem(
      reason, "key \(step.key): \(step.what.rawValue) of \(step.operation.dn.text)\(names): \(error.summary)",
      blocks: error.matchedDN.isEmpty ? nil : step.operation.dn.parent?.text, code: error.code.rawValue)
  }
}

extension Problem {
  /// Another person's entry has the name or value that `key` wants, and keeps it.
  static func taken(from key: RosterKey, by blocker: Blocker, _ schema: Schema) -> Problem {
    let isName = blocker.resource == blocker.dn.normalized(schema)
    let what: Wording = isName ? "\(blocker.dn.text)" : "\(blocker.resource), which \(blocker.dn.text) has,"
    return Problem(
      .nameTaken,
      "key \(key): \(what) belongs to key \(blocker.key), which keeps it; one of the two rows needs another "
        + (isName ? "name" : "value"), blocks: blocker.resource)
  }
}

extension LDAPError {
  /// The server's code and message, without the operation.
  var summary: Wording {
    diagnostic.isEmpty ? "\(code)" : "\(code): \(message: diagnostic)"
  }
}

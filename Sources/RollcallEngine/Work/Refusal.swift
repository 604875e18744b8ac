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
      reason,
      "key \(step.key): \(step.what.rawValue) of \(step.operation.dn.text)\(names): \(error.summary)\(error.advice)"
        + (error.code == .referral && !error.matchedDN.isEmpty ? " (the referral is \(error.matchedDN))" : ""),
      blocks: error.matchedDN.isEmpty ? nil : step.operation.dn.parent?.text, code: error.code.rawValue)
  }
}

extension Problem {
  /// Another person's entry has the name or value that `key` wants, and keeps it.
  ///
  /// What the key waits for is what it wants itself: a holder that cannot go where it should may go elsewhere.
  static func taken(from key: RosterKey, by blocker: Blocker, _ schema: Schema) -> Problem {
    func held(_ resource: String, _ dn: DistinguishedName, _ holder: RosterKey) -> Wording {
      let isName = resource == dn.normalized(schema)
      return isName
        ? "\(dn.text) belongs to key \(holder), which"
        : "\(resource), which \(dn.text) has, belongs to key \(holder), which"
    }
    guard let holder = blocker.holder else {
      // In the words that the planner has where it sees both.
      return Problem(
        .nameTaken,
        "person \(key) wants \(blocker.resource), which person \(blocker.key) (\(blocker.dn)) has: give one of them another",
        blocks: blocker.resource)
    }
    let isName = holder.resource == holder.dn.normalized(schema)
    return Problem(
      .nameTaken,
      "key \(key): \(held(holder.resource, holder.dn, holder.key)) has to keep it: "
        + "\(held(blocker.resource, blocker.dn, blocker.key)) keeps it; one of the rows needs another "
        + (isName ? "name" : "value"), blocks: holder.resource)
  }
}

extension LDAPError {
  /// The server's code and message, without the operation.
  var summary: Wording {
    diagnostic.isEmpty ? "\(code)" : "\(code): \(message: diagnostic)"
  }

  /// What an administrator can do where the server's message does not say so.
  fileprivate var advice: Wording {
    // 389, of a value with a scheme from anybody but its Directory Manager.
    diagnostic.contains("passwords with storage scheme are not allowed")
      ? "; set nsslapd-allow-hashed-passwords: on in cn=config, or give the row clear text" : ""
  }
}

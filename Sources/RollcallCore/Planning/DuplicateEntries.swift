public import LDAPModel

/// Tells a duplicate made by a late add from two entries that somebody has given one link by mistake.
///
/// An add whose answer was lost may be carried out late, after the person has got an entry under another name. The
/// ledger records that such an add was sent, and for which name: only an entry of that name can be removed. In
/// addition, both entries must have been created by one account, within a minute of each other, and hold only what
/// Rollcall writes. In any other case a person has to decide.
public struct DuplicateEntries: Sendable {
  /// Attributes to read in addition to all user attributes.
  public static let attributes = ["*", "createTimestamp", "creatorsName"]
  /// In seconds, by the server's clock: longer than an operation's deadline, shorter than a correction by hand.
  private static let apart = 60

  /// The account that created them.
  private let account: DistinguishedName
  private let ours: Set<String>
  private let schema: Schema

  /// - Parameters:
  ///   - account: the identity that this process is bound as.
  ///   - ours: the attributes that Rollcall writes.
  public init(account: DistinguishedName, ours: [String], schema: Schema) {
    self.account = account
    self.ours = Set(ours.map(schema.canonicalName))
    self.schema = schema
  }

  /// The entries to remove; nil if a person has to decide.
  ///
  /// - Parameters:
  ///   - entries: all that carry one link, with ``attributes``.
  ///   - known: the entry that the ledger knows; it is never removed.
  ///   - made: normalized names of adds that were sent for this person and whose outcome is unknown.
  ///   - wanted: the DN that the person is to have.
  public func spare(
    of entries: [Entry], known: DistinguishedName?, made: Set<String>, wanted: DistinguishedName?
  ) -> [Entry]? {
    let names = entries.map { $0.dn.normalized(schema) }
    let own = known?.normalized(schema)
    guard names.allSatisfy({ $0 == own || made.contains($0) }) else { return nil }
    let name = account.normalized(schema)
    var moments: [Int] = []
    for entry in entries {
      guard let creator = entry["creatorsName"].first?.text, entry["creatorsName"].count == 1,
        DistinguishedName(unchecked: creator).normalized(schema) == name,
        let moment = entry["createTimestamp"].first?.secondsOfGeneralizedTime, holdsOnlyOurs(entry)
      else { return nil }
      moments.append(moment)
    }
    guard entries.count > 1, let first = moments.min(), let last = moments.max(), last - first <= DuplicateEntries.apart
    else {
      return nil
    }
    let place = wanted?.normalized(schema)
    let kept = names.firstIndex { $0 == own } ?? names.firstIndex { $0 == place } ?? moments.firstIndex(of: last)
    return entries.indices.filter { $0 != kept }.map { entries[$0] }
  }

  private func holdsOnlyOurs(_ entry: Entry) -> Bool {
    entry.attributes.allSatisfy { attribute in
      ["createTimestamp", "creatorsName"].contains { $0.lowercased() == attribute.name.lowercased() }
        || ours.contains(schema.canonicalName(attribute.name))
    }
  }
}

extension Planner {
  /// The attributes that Rollcall writes to entries of people.
  public var writtenAttributes: [String] {
    let password =
      switch dialect.firstPassword {
      case .added(let attribute): attribute
      case .modified(let attribute, _, _, _, _): attribute
      }
    let others = Set(foreign.map(\.canonicalName))
    return requestedAttributes.filter { !others.contains(schema.canonicalName($0)) } + createOnly.map(\.rule.name) + [
      password
    ]
  }
}

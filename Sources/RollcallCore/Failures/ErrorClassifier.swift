public import LDAPModel

/// The one place that knows what result codes mean.
public enum ErrorClassifier {
  /// What was under way when the code came.
  public enum Activity: Sendable, CaseIterable {
    case connect
    case search
    case add
    case modify
    case rename
    case delete

    public init(_ operation: Operation) {
      self =
        switch operation {
        case .add: .add
        case .modify: .modify
        case .rename: .rename
        case .delete: .delete
        }
    }
  }

  /// The class of a failure. `code` is not success.
  ///
  /// - Parameter diagnostic: the server's words, by which some tell what the code leaves open.
  public static func classify(
    code: ResultCode, during activity: Activity, diagnostic: String = ""
  ) -> FailureClass {
    switch (activity, code) {
    case (_, .unwillingToPerform) where isReadOnly(code, diagnostic): .ofTheDirectory
    case (.connect, .serverDown), (.connect, .timeout), (.connect, .connectError), (.connect, .busy),
      (.connect, .unavailable), (.connect, .localError), (.connect, .decodingError):
      .connectionLost
    // Whatever else a bind says is about us and the server, not about an entry; 49 must not be hammered.
    case (.connect, _): .ofTheDirectory
    case (.search, .sizeLimitExceeded), (.search, .adminLimitExceeded), (.search, .timeLimitExceeded): .search
    // The base of a search is the configuration's, not an entry's.
    case (.search, .noSuchObject), (.search, .invalidDNSyntax): .ofTheDirectory
    default: byCode[code] ?? (code.isLocal ? .ofTheDirectory : .ambiguous)
    }
  }

  /// Whether the answer to a search whose base is one entry's name says something about that entry alone: it is not
  /// there, not shown, elsewhere, or its name is none. Never a reason to pause the directory.
  public static func concernsObject(_ code: ResultCode) -> Bool { objectCodes.contains(code) }

  /// The codes of such answers. Operations error (1) is none: Active Directory says it where nobody is bound.
  public static let objectCodes: Set<ResultCode> = {
    let own = byCode.filter { [.ofTheEntry, .repairable, .access, .ambiguous].contains($0.value) }
    return Set(own.keys).union([.referral, .aliasDereferencingProblem]).subtracting([.operationsError])
  }()

  /// Whether a server says that it takes no writes: a replica that refers to its provider, or that has none to refer to.
  public static func isReadOnly(_ code: ResultCode, _ diagnostic: String) -> Bool {
    if code == .referral { return true }
    guard code == .unwillingToPerform else { return false }
    let words = diagnostic.lowercased()
    // slapd's replicas and its `readonly on`; 389's `nsslapd-readonly`.
    return ["shadow context", "operation restricted", "read-only", "read only", "readonly"].contains {
      words.contains($0)
    }
  }

  private static let byCode: [ResultCode: FailureClass] = {
    let table: [FailureClass: [ResultCode]] = [
      .connectionLost: [.serverDown, .timeout, .connectError, .unavailable, .localError, .decodingError],
      .busy: [.busy, .timeLimitExceeded],
      .ambiguous: [.other, .unwillingToPerform, .operationsError],
      .repairable: [.entryAlreadyExists, .noSuchObject, .attributeOrValueExists, .noSuchAttribute],
      .ofTheEntry: [
        .undefinedAttributeType, .inappropriateMatching, .constraintViolation, .invalidAttributeSyntax,
        .aliasProblem, .invalidDNSyntax, .namingViolation, .objectClassViolation, .notAllowedOnNonLeaf,
        .notAllowedOnRDN, .objectClassModsProhibited, .affectsMultipleDSAs, .encodingError,
      ],
      .ofTheDirectory: [
        .protocolError, .authMethodNotSupported, .strongerAuthRequired, .referral,
        .unavailableCriticalExtension, .confidentialityRequired, .inappropriateAuthentication,
        .invalidCredentials, .saslBindInProgress, .loopDetect, .aliasDereferencingProblem,
      ],
      .access: [.insufficientAccessRights],
      .search: [.sizeLimitExceeded, .adminLimitExceeded],
    ]
    var result: [ResultCode: FailureClass] = [:]
    for (failure, codes) in table {
      for code in codes { result[code] = failure }
    }
    return result
  }()
}

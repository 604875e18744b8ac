/// The outcome of an operation: the codes of RFC 4511 section 4.1.9, and below zero libldap's own (ldap.h).
public struct ResultCode: RawRepresentable, Hashable, Sendable, Error {
  public let rawValue: Int32

  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  private init(_ rawValue: Int32) {
    self.rawValue = rawValue
  }

  public static let success = ResultCode(0)
  public static let operationsError = ResultCode(1)
  public static let protocolError = ResultCode(2)
  public static let timeLimitExceeded = ResultCode(3)
  public static let sizeLimitExceeded = ResultCode(4)
  public static let compareFalse = ResultCode(5)
  public static let compareTrue = ResultCode(6)
  public static let authMethodNotSupported = ResultCode(7)
  public static let strongerAuthRequired = ResultCode(8)
  public static let referral = ResultCode(10)
  public static let adminLimitExceeded = ResultCode(11)
  public static let unavailableCriticalExtension = ResultCode(12)
  public static let confidentialityRequired = ResultCode(13)
  public static let saslBindInProgress = ResultCode(14)
  public static let noSuchAttribute = ResultCode(16)
  public static let undefinedAttributeType = ResultCode(17)
  public static let inappropriateMatching = ResultCode(18)
  public static let constraintViolation = ResultCode(19)
  public static let attributeOrValueExists = ResultCode(20)
  public static let invalidAttributeSyntax = ResultCode(21)
  public static let noSuchObject = ResultCode(32)
  public static let aliasProblem = ResultCode(33)
  public static let invalidDNSyntax = ResultCode(34)
  public static let aliasDereferencingProblem = ResultCode(36)
  public static let inappropriateAuthentication = ResultCode(48)
  public static let invalidCredentials = ResultCode(49)
  public static let insufficientAccessRights = ResultCode(50)
  public static let busy = ResultCode(51)
  public static let unavailable = ResultCode(52)
  public static let unwillingToPerform = ResultCode(53)
  public static let loopDetect = ResultCode(54)
  public static let namingViolation = ResultCode(64)
  public static let objectClassViolation = ResultCode(65)
  public static let notAllowedOnNonLeaf = ResultCode(66)
  public static let notAllowedOnRDN = ResultCode(67)
  public static let entryAlreadyExists = ResultCode(68)
  public static let objectClassModsProhibited = ResultCode(69)
  public static let affectsMultipleDSAs = ResultCode(71)
  public static let other = ResultCode(80)

  public static let serverDown = ResultCode(-1)
  public static let localError = ResultCode(-2)
  public static let encodingError = ResultCode(-3)
  public static let decodingError = ResultCode(-4)
  public static let timeout = ResultCode(-5)
  public static let authUnknown = ResultCode(-6)
  public static let filterError = ResultCode(-7)
  public static let userCancelled = ResultCode(-8)
  public static let parameterError = ResultCode(-9)
  public static let noMemory = ResultCode(-10)
  public static let connectError = ResultCode(-11)
  public static let notSupported = ResultCode(-12)
  public static let controlNotFound = ResultCode(-13)
  public static let noResultsReturned = ResultCode(-14)
  public static let moreResultsToReturn = ResultCode(-15)
  public static let clientLoop = ResultCode(-16)
  public static let referralLimitExceeded = ResultCode(-17)

  /// Whether the code is from the client library, not the server.
  public var isLocal: Bool { rawValue < 0 }
}

extension ResultCode: CustomStringConvertible {
  /// The name from RFC 4511 or ldap.h in lower camel case, and the number: `noSuchObject (32)`.
  public var description: String {
    "\(ResultCode.names[rawValue] ?? "result") (\(rawValue))"
  }

  private static let names: [Int32: String] = [
    0: "success",
    1: "operationsError",
    2: "protocolError",
    3: "timeLimitExceeded",
    4: "sizeLimitExceeded",
    5: "compareFalse",
    6: "compareTrue",
    7: "authMethodNotSupported",
    8: "strongerAuthRequired",
    10: "referral",
    11: "adminLimitExceeded",
    12: "unavailableCriticalExtension",
    13: "confidentialityRequired",
    14: "saslBindInProgress",
    16: "noSuchAttribute",
    17: "undefinedAttributeType",
    18: "inappropriateMatching",
    19: "constraintViolation",
    20: "attributeOrValueExists",
    21: "invalidAttributeSyntax",
    32: "noSuchObject",
    33: "aliasProblem",
    34: "invalidDNSyntax",
    36: "aliasDereferencingProblem",
    48: "inappropriateAuthentication",
    49: "invalidCredentials",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
    54: "loopDetect",
    64: "namingViolation",
    65: "objectClassViolation",
    66: "notAllowedOnNonLeaf",
    67: "notAllowedOnRDN",
    68: "entryAlreadyExists",
    69: "objectClassModsProhibited",
    71: "affectsMultipleDSAs",
    80: "other",
    -1: "serverDown",
    -2: "localError",
    -3: "encodingError",
    -4: "decodingError",
    -5: "timeout",
    -6: "authUnknown",
    -7: "filterError",
    -8: "userCancelled",
    -9: "parameterError",
    -10: "noMemory",
    -11: "connectError",
    -12: "notSupported",
    -13: "controlNotFound",
    -14: "noResultsReturned",
    -15: "moreResultsToReturn",
    -16: "clientLoop",
    -17: "referralLimitExceeded",
  ]
}

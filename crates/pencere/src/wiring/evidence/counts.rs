//! The queries behind the facts of the portal operator's store, one row each: `value`, and `leaf`, the last leaf of the audit
//! log among the counted records. `$1` and `$2` are the window; `$3` is the e-service where the fact is of one.

/// A fact, the table it is counted in, and the query.
pub(super) struct Count {
    pub fact: &'static str,
    pub source: &'static str,
    pub sql: &'static str,
}

/// Counts cases of a service; every change of a case is a leaf under its reference.
macro_rules! cases {
    ($value:literal, $at:literal, $which:literal) => {
        concat!(
            "SELECT ",
            $value,
            " AS value, MAX((SELECT MAX(a.leaf_index) FROM host_audit_entry a WHERE a.subject = c.reference)) AS leaf \
             FROM services_case c WHERE c.",
            $at,
            " >= $1 AND c.",
            $at,
            " < $2 AND c.service = $3",
            $which
        )
    };
}

/// Applications signed by persons for themselves or for a company.
macro_rules! signatures {
    ($company:literal) => {
        concat!(
            "SELECT COUNT(*) AS value, CAST(NULL AS BIGINT) AS leaf FROM services_document d \
             JOIN services_case c ON c.reference = d.reference WHERE d.at >= $1 AND d.at < $2 \
             AND d.kind = 'application' AND d.container IS NOT NULL AND c.tin ",
            $company
        )
    };
}

/// Documents that came into the safes of one kind of owner.
macro_rules! documents {
    ($owner:literal) => {
        concat!(
            "SELECT COUNT(*) AS value, MAX(leaf_index) AS leaf FROM safe_document \
             WHERE stored_at >= $1 AND stored_at < $2 AND owner LIKE '",
            $owner,
            "'"
        )
    };
}

const fn case(fact: &'static str, sql: &'static str) -> Count {
    Count { fact, source: "services_case", sql }
}

const fn feedback(fact: &'static str, sql: &'static str) -> Count {
    Count { fact, source: "services_feedback", sql }
}

/// Facts of one e-service. Cases exist only through the portal's own form, which is why three facts share one query.
pub(super) const OF_SERVICE: &[Count] = &[
    case("cases.submitted", cases!("COUNT(*)", "submitted_at", "")),
    case("cases.submitted_online", cases!("COUNT(*)", "submitted_at", "")),
    case("cases.submitted_through_portal", cases!("COUNT(*)", "submitted_at", "")),
    case("cases.started_by_person", cases!("COUNT(*)", "submitted_at", "")),
    case("cases.submitted_by_companies", cases!("COUNT(*)", "submitted_at", " AND c.tin IS NOT NULL")),
    case("cases.users", cases!("COUNT(DISTINCT c.pin)", "submitted_at", "")),
    case("cases.receipted", cases!("COUNT(*)", "submitted_at", " AND c.receipt_number IS NOT NULL")),
    Count {
        fact: "cases.prefilled",
        source: "services_evidence",
        sql: cases!(
            "COUNT(*)",
            "submitted_at",
            " AND EXISTS (SELECT 1 FROM services_evidence e WHERE e.reference = c.reference AND e.state = 'answered')"
        ),
    },
    Count {
        fact: "cases.typed_fields",
        source: "services_answer",
        sql: cases!(
            "COUNT(*)",
            "submitted_at",
            " AND EXISTS (SELECT 1 FROM services_answer f WHERE f.reference = c.reference)"
        ),
    },
    Count {
        fact: "cases.fully_prefilled",
        source: "services_answer",
        sql: cases!(
            "COUNT(*)",
            "submitted_at",
            " AND NOT EXISTS (SELECT 1 FROM services_answer f WHERE f.reference = c.reference)"
        ),
    },
    // The original of what a silent register holds is asked for as the decree allows; it counts as asking all the same.
    Count {
        fact: "cases.asked_for_held_data",
        source: "services_evidence",
        sql: cases!(
            "COUNT(*)",
            "submitted_at",
            " AND EXISTS (SELECT 1 FROM services_evidence e WHERE e.reference = c.reference \
               AND e.state IN ('original_asked', 'original_given', 'from_original'))"
        ),
    },
    Count {
        fact: "cases.signed",
        source: "services_document",
        sql: cases!(
            "COUNT(*)",
            "submitted_at",
            " AND EXISTS (SELECT 1 FROM services_document d WHERE d.reference = c.reference \
               AND d.kind = 'application' AND d.container IS NOT NULL)"
        ),
    },
    case("cases.decided", cases!("COUNT(*)", "decided_at", " AND c.state IN ('approved', 'refused')")),
    case("cases.granted", cases!("COUNT(*)", "decided_at", " AND c.state = 'approved'")),
    case(
        "cases.decided_late",
        cases!("COUNT(*)", "decided_at", " AND c.state IN ('approved', 'refused') AND c.late <> 0"),
    ),
    Count {
        fact: "cases.complete_online",
        source: "services_document",
        sql: cases!(
            "COUNT(*)",
            "decided_at",
            " AND c.state IN ('approved', 'refused') AND (c.debt_code IS NULL OR c.fee_paid_at <= c.decided_at) \
              AND EXISTS (SELECT 1 FROM services_document d WHERE d.reference = c.reference \
               AND d.kind = 'decision' AND d.container IS NOT NULL AND d.deposited_at IS NOT NULL)"
        ),
    },
    // The notice of the decision leads to the case's page, where the question of how it went stands.
    Count {
        fact: "feedback.asked",
        source: "notify_message",
        sql: cases!(
            "COUNT(*)",
            "decided_at",
            " AND c.state IN ('approved', 'refused') AND EXISTS (SELECT 1 FROM notify_message m \
               WHERE m.link = '/cases/' || c.reference AND m.template IN ('case-granted', 'case-refused'))"
        ),
    },
    feedback(
        "feedback.given",
        "SELECT COUNT(*) AS value, CAST(NULL AS BIGINT) AS leaf FROM services_feedback WHERE at >= $1 AND at < $2 AND service = $3",
    ),
    feedback(
        "feedback.ratings",
        "SELECT COUNT(*) AS value, CAST(NULL AS BIGINT) AS leaf FROM services_feedback WHERE at >= $1 AND at < $2 AND service = $3",
    ),
    feedback(
        "feedback.ratings_sum",
        "SELECT CAST(COALESCE(SUM(rating), 0) AS BIGINT) AS value, CAST(NULL AS BIGINT) AS leaf FROM services_feedback \
         WHERE at >= $1 AND at < $2 AND service = $3",
    ),
    // An opinion counts as shown once an official of the agency has opened the page it stands on.
    Count {
        fact: "feedback.shown_to_agency",
        source: "services_feedback_shown",
        sql: "SELECT COUNT(*) AS value, MAX(s.leaf_index) AS leaf FROM services_feedback f \
              JOIN services_feedback_shown s ON s.reference = f.reference \
              WHERE f.at >= $1 AND f.at < $2 AND f.service = $3",
    },
    Count { fact: "payments.paid", source: "payments_receipt", sql: PAID_FOR_SERVICE },
    // The portal's gateway is the only way to pay so far; banks' and kiosks' own counters would be a source of their own.
    Count { fact: "payments.paid_online", source: "payments_receipt", sql: PAID_FOR_SERVICE },
];

const PAID_FOR_SERVICE: &str = "SELECT COUNT(*) AS value, MAX(r.leaf_index) AS leaf FROM payments_receipt r \
     JOIN payments_debt d ON d.id = r.debt_id JOIN services_case c ON c.reference = d.case_reference \
     WHERE r.issued_at >= $1 AND r.issued_at < $2 AND c.service = $3";

/// Facts of the country.
pub(super) const OF_COUNTRY: &[Count] = &[
    Count {
        fact: "identity.logins_citizens",
        source: "identity_session",
        sql: "SELECT COUNT(*) AS value, CAST(NULL AS BIGINT) AS leaf FROM identity_session WHERE auth_time >= $1 AND auth_time < $2",
    },
    Count {
        fact: "identity.logins_companies",
        source: "identity_session",
        sql: "SELECT COUNT(*) AS value, CAST(NULL AS BIGINT) AS leaf FROM identity_session \
              WHERE chosen_at >= $1 AND chosen_at < $2 AND representee IS NOT NULL",
    },
    Count {
        fact: "identity.clients_with_logins",
        source: "identity_session_client",
        sql: "SELECT COUNT(DISTINCT client) AS value, CAST(NULL AS BIGINT) AS leaf FROM identity_session_client \
              WHERE since >= $1 AND since < $2",
    },
    Count { fact: "signatures.citizens", source: "services_document", sql: signatures!("IS NULL") },
    Count { fact: "signatures.companies", source: "services_document", sql: signatures!("IS NOT NULL") },
    Count { fact: "safe.documents_citizens", source: "safe_document", sql: documents!("PIN:%") },
    Count { fact: "safe.documents_companies", source: "safe_document", sql: documents!("TIN:%") },
    Count {
        fact: "payments.paid_online",
        source: "payments_receipt",
        sql: "SELECT COUNT(*) AS value, MAX(leaf_index) AS leaf FROM payments_receipt \
              WHERE issued_at >= $1 AND issued_at < $2",
    },
    Count {
        fact: "payments.services_paid",
        source: "payments_receipt",
        sql: "SELECT COUNT(DISTINCT c.service) AS value, MAX(r.leaf_index) AS leaf FROM payments_receipt r \
              JOIN payments_debt d ON d.id = r.debt_id JOIN services_case c ON c.reference = d.case_reference \
              WHERE r.issued_at >= $1 AND r.issued_at < $2",
    },
];

/// The value in the middle of the times from receipt to decision; of an even number, the earlier of the two.
pub(super) const MEDIAN_US: &str = "SELECT c.decided_at - c.submitted_at AS took FROM services_case c \
     WHERE c.decided_at >= $1 AND c.decided_at < $2 AND c.service = $3 AND c.state IN ('approved', 'refused') \
     ORDER BY took LIMIT 1 OFFSET $4";

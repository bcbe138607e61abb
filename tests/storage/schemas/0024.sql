CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE attendance (
	event_id INTEGER NOT NULL, 
	person TEXT NOT NULL, 
	answer TEXT NOT NULL, 
	answered_at DATETIME NOT NULL, 
	CONSTRAINT pk_attendance PRIMARY KEY (event_id, person), 
	CONSTRAINT fk_attendance_event_id FOREIGN KEY(event_id) REFERENCES event (id) ON DELETE CASCADE
);
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	actor TEXT, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	"before" TEXT, 
	"after" TEXT, 
	reason TEXT, 
	hash TEXT NOT NULL
);
CREATE TABLE awaited_file (
	room_id TEXT NOT NULL, 
	person TEXT NOT NULL, 
	command TEXT NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_awaited_file PRIMARY KEY (room_id, person)
);
CREATE TABLE change (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at DATETIME NOT NULL, 
	person TEXT, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	"before" JSON, 
	"after" JSON, 
	proposal_id INTEGER, 
	CONSTRAINT fk_change_proposal_id FOREIGN KEY(proposal_id) REFERENCES proposal (id)
);
CREATE TABLE commitment (
	submission_id INTEGER NOT NULL, 
	country TEXT NOT NULL, 
	category TEXT NOT NULL, 
	deadline DATE NOT NULL, 
	level TEXT, 
	reported_at DATETIME, 
	met_at DATETIME, 
	CONSTRAINT pk_commitment PRIMARY KEY (submission_id), 
	CONSTRAINT fk_commitment_submission_id FOREIGN KEY(submission_id) REFERENCES submission (id)
);
CREATE TABLE concept (
	id TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	updated_at DATETIME NOT NULL, community TEXT, 
	CONSTRAINT pk_concept PRIMARY KEY (id)
);
CREATE TABLE constituency (
	id INTEGER NOT NULL, 
	counted_at DATETIME NOT NULL, 
	smallest INTEGER NOT NULL, 
	shown JSON NOT NULL, 
	gone JSON NOT NULL, 
	CONSTRAINT pk_constituency PRIMARY KEY (id)
);
CREATE TABLE constituent (
	person TEXT NOT NULL, 
	category TEXT, 
	country TEXT, 
	topics JSON NOT NULL, 
	agreed_at DATETIME NOT NULL, 
	agreed_to TEXT NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_constituent PRIMARY KEY (person)
);
CREATE TABLE counted (
	person TEXT NOT NULL, 
	cell TEXT NOT NULL, 
	CONSTRAINT pk_counted PRIMARY KEY (person, cell)
);
CREATE TABLE definition (
	concept_id TEXT NOT NULL, 
	language TEXT NOT NULL, 
	text TEXT NOT NULL, 
	usage_note TEXT, 
	CONSTRAINT pk_definition PRIMARY KEY (concept_id, language), 
	CONSTRAINT fk_definition_concept_id FOREIGN KEY(concept_id) REFERENCES concept (id) ON DELETE CASCADE
);
CREATE TABLE device (
	user_id TEXT NOT NULL, 
	device_id TEXT NOT NULL, 
	curve25519 TEXT NOT NULL, 
	ed25519 TEXT NOT NULL, 
	cross_signed BOOLEAN NOT NULL, 
	gone BOOLEAN NOT NULL, 
	CONSTRAINT pk_device PRIMARY KEY (user_id, device_id)
);
CREATE TABLE device_list (
	user_id TEXT NOT NULL, 
	outdated BOOLEAN NOT NULL, 
	master_key TEXT, 
	self_signing_key TEXT, 
	verified_key TEXT, 
	CONSTRAINT pk_device_list PRIMARY KEY (user_id)
);
CREATE TABLE direct_room (
	person TEXT NOT NULL, 
	room_id TEXT, 
	updated_at DATETIME NOT NULL, language TEXT, 
	CONSTRAINT pk_direct_room PRIMARY KEY (person)
);
CREATE TABLE due (
	kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	due_at DATETIME NOT NULL, 
	importance INTEGER NOT NULL, 
	payload JSON, 
	CONSTRAINT pk_due PRIMARY KEY (kind, subject)
);
CREATE TABLE event (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	uid TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	titles JSON NOT NULL, 
	descriptions JSON NOT NULL, 
	timing JSON NOT NULL, 
	place TEXT, 
	link TEXT, 
	organiser TEXT, 
	registration TEXT, 
	access TEXT NOT NULL, 
	countries JSON NOT NULL, 
	topics JSON NOT NULL, 
	certainty TEXT NOT NULL, 
	reason TEXT, 
	source TEXT, 
	confirmed BOOLEAN NOT NULL, 
	version INTEGER NOT NULL, 
	updated_at DATETIME NOT NULL, reminders JSON, rooms JSON, community TEXT, 
	CONSTRAINT uq_event_uid UNIQUE (uid)
);
CREATE TABLE focal (
	kind TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	titles JSON NOT NULL, 
	notes JSON NOT NULL, 
	status TEXT NOT NULL, 
	appointed_year INTEGER, 
	appointed_by INTEGER, 
	as_of TEXT NOT NULL, 
	evidence TEXT NOT NULL, 
	source TEXT NOT NULL, 
	source_url TEXT, 
	contact TEXT, 
	contact_url TEXT, 
	confirmed_by TEXT, 
	confirmed_at DATETIME, 
	version INTEGER NOT NULL, 
	updated_at DATETIME NOT NULL, community TEXT, 
	CONSTRAINT pk_focal PRIMARY KEY (kind, holder, number)
);
CREATE TABLE following (
	person TEXT NOT NULL, 
	what TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_following PRIMARY KEY (person, what)
);
CREATE VIRTUAL TABLE glossary_text USING fts5(concept_id UNINDEXED, language UNINDEXED, names, meaning, tokenize = 'unicode61 remove_diacritics 0', prefix = '3 4 5');
CREATE TABLE guidance (
	name TEXT NOT NULL, 
	language TEXT NOT NULL, 
	text TEXT NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_guidance PRIMARY KEY (name, language)
);
CREATE TABLE identity (
	person TEXT NOT NULL, 
	pseudonym TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	CONSTRAINT pk_identity PRIMARY KEY (person), 
	CONSTRAINT uq_identity_pseudonym UNIQUE (pseudonym)
);
CREATE TABLE inbox (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	event_id TEXT NOT NULL, 
	room_id TEXT NOT NULL, 
	sender TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	target TEXT, 
	sent_at DATETIME NOT NULL, 
	payload JSON, 
	state TEXT NOT NULL, 
	command TEXT, 
	handled_at DATETIME, doubt TEXT, 
	CONSTRAINT uq_inbox_event_id UNIQUE (event_id)
);
CREATE TABLE media (
	id TEXT NOT NULL, 
	data BLOB NOT NULL, 
	added_at DATETIME NOT NULL, 
	CONSTRAINT pk_media PRIMARY KEY (id)
);
CREATE TABLE met (
	mark TEXT NOT NULL, 
	CONSTRAINT pk_met PRIMARY KEY (mark)
);
CREATE TABLE occurrence (
	event_id INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	start TEXT NOT NULL, 
	"end" TEXT NOT NULL, 
	starts_at DATETIME NOT NULL, 
	ends_at DATETIME NOT NULL, 
	CONSTRAINT pk_occurrence PRIMARY KEY (event_id, "key"), 
	CONSTRAINT fk_occurrence_event_id FOREIGN KEY(event_id) REFERENCES event (id) ON DELETE CASCADE
);
CREATE TABLE olm_session (
	session_id TEXT NOT NULL, 
	device_key TEXT NOT NULL, 
	pickle TEXT NOT NULL, 
	received_at DATETIME NOT NULL, receive_only BOOLEAN, 
	CONSTRAINT pk_olm_session PRIMARY KEY (session_id)
);
CREATE TABLE outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	txn_id TEXT NOT NULL, 
	room_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	priority INTEGER NOT NULL, 
	cause TEXT, 
	part INTEGER NOT NULL, 
	about INTEGER, 
	content JSON, 
	state TEXT NOT NULL, 
	event_id TEXT, 
	error TEXT, 
	created_at DATETIME NOT NULL, 
	sent_at DATETIME, buttons JSON, doubt TEXT, limited BOOLEAN, 
	CONSTRAINT uq_outbox_txn_id UNIQUE (txn_id)
);
CREATE TABLE own_device (
	device_id TEXT NOT NULL, 
	pickle TEXT NOT NULL, 
	fallback_at DATETIME, 
	CONSTRAINT pk_own_device PRIMARY KEY (device_id)
);
CREATE TABLE own_room_key (
	room_id TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	pickle TEXT NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	messages_left INTEGER NOT NULL, 
	CONSTRAINT pk_own_room_key PRIMARY KEY (room_id)
);
CREATE TABLE person (
	user_id TEXT NOT NULL, 
	language TEXT, 
	updated_at DATETIME NOT NULL, timezone TEXT, 
	CONSTRAINT pk_person PRIMARY KEY (user_id)
);
CREATE VIRTUAL TABLE practice_text USING fts5(language UNINDEXED, title, summary, rest, tokenize = 'unicode61 remove_diacritics 0');
CREATE VIRTUAL TABLE practice_word USING fts5vocab('practice_text', 'row');
CREATE TABLE problem (
	kind TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	begun_at DATETIME NOT NULL, 
	say_at DATETIME, 
	said_at DATETIME, 
	ended_at DATETIME, 
	detail TEXT, 
	CONSTRAINT pk_problem PRIMARY KEY (kind, subject)
);
CREATE TABLE proposal (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	room_id TEXT NOT NULL, 
	person TEXT NOT NULL, 
	state TEXT NOT NULL, 
	"plan" JSON, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	decided_at DATETIME
);
CREATE TABLE recall (
	person TEXT NOT NULL, 
	concept_id TEXT NOT NULL, 
	box INTEGER NOT NULL, 
	again_at DATETIME NOT NULL, 
	CONSTRAINT pk_recall PRIMARY KEY (person, concept_id)
);
CREATE TABLE relation (
	concept_id TEXT NOT NULL, 
	other_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_relation PRIMARY KEY (concept_id, other_id, kind), 
	CONSTRAINT fk_relation_concept_id FOREIGN KEY(concept_id) REFERENCES concept (id) ON DELETE CASCADE, 
	CONSTRAINT fk_relation_other_id FOREIGN KEY(other_id) REFERENCES concept (id) ON DELETE CASCADE
);
CREATE TABLE reminder (
	event_id INTEGER NOT NULL, 
	person TEXT NOT NULL, 
	minutes INTEGER NOT NULL, 
	zone TEXT NOT NULL, 
	wished_at DATETIME NOT NULL, 
	CONSTRAINT pk_reminder PRIMARY KEY (event_id, person, minutes), 
	CONSTRAINT fk_reminder_event_id FOREIGN KEY(event_id) REFERENCES event (id) ON DELETE CASCADE
);
CREATE TABLE restored (
	id INTEGER NOT NULL, 
	copied_at DATETIME NOT NULL, 
	restored_at DATETIME NOT NULL, 
	caught_up_at DATETIME, 
	finished_at DATETIME, 
	left_out JSON NOT NULL, 
	CONSTRAINT pk_restored PRIMARY KEY (id)
);
CREATE TABLE review (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	submission_id INTEGER NOT NULL, 
	"by" TEXT NOT NULL, 
	item TEXT, 
	answer TEXT, 
	note TEXT, 
	at DATETIME NOT NULL, 
	CONSTRAINT fk_review_submission_id FOREIGN KEY(submission_id) REFERENCES submission (id)
);
CREATE TABLE revision (
	name TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	CONSTRAINT pk_revision PRIMARY KEY (name)
);
CREATE TABLE room (
	room_id TEXT NOT NULL, 
	membership TEXT NOT NULL, 
	direct BOOLEAN NOT NULL, 
	members INTEGER NOT NULL, 
	name TEXT, 
	encrypted BOOLEAN NOT NULL, 
	language TEXT, 
	successor TEXT, 
	since DATETIME NOT NULL, timezone TEXT, quiet JSON, chatham BOOLEAN, described TEXT, descriptions JSON, welcome BOOLEAN, members_known_at DATETIME, lessons_off JSON, 
	CONSTRAINT pk_room PRIMARY KEY (room_id)
);
CREATE TABLE room_key (
	room_id TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	sender TEXT NOT NULL, 
	device_key TEXT NOT NULL, 
	signing_key TEXT NOT NULL, 
	pickle TEXT, 
	withheld TEXT, 
	received_at DATETIME NOT NULL, 
	CONSTRAINT pk_room_key PRIMARY KEY (room_id, session_id, sender)
);
CREATE TABLE room_key_share (
	session_id TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	device_id TEXT NOT NULL, 
	withheld TEXT, 
	CONSTRAINT pk_room_key_share PRIMARY KEY (session_id, user_id, device_id)
);
CREATE TABLE room_key_use (
	session_id TEXT NOT NULL, 
	message_index INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	CONSTRAINT pk_room_key_use PRIMARY KEY (session_id, message_index)
);
CREATE TABLE shared_login (
	id INTEGER NOT NULL, 
	data BLOB NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_shared_login PRIMARY KEY (id)
);
CREATE TABLE source (
	id INTEGER NOT NULL, 
	concept_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	symbol TEXT, 
	locator TEXT, 
	url TEXT, 
	as_of DATE, 
	confirmed BOOLEAN NOT NULL, 
	checked_on DATE, 
	CONSTRAINT pk_source PRIMARY KEY (id), 
	CONSTRAINT fk_source_concept_id FOREIGN KEY(concept_id) REFERENCES concept (id) ON DELETE CASCADE
);
CREATE TABLE submission (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	state TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	author TEXT, 
	language TEXT NOT NULL, 
	fields JSON NOT NULL, 
	proposed JSON, 
	consent JSON NOT NULL, 
	reviewer TEXT, 
	approvals JSON NOT NULL, 
	reason TEXT, 
	publish_at DATETIME, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL
, public_at DATETIME, public_country TEXT, about INTEGER);
CREATE TABLE sync_position (
	id INTEGER NOT NULL, 
	next_batch TEXT NOT NULL, 
	synced_at DATETIME NOT NULL, 
	CONSTRAINT pk_sync_position PRIMARY KEY (id)
);
CREATE TABLE talk (
	person TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	step INTEGER NOT NULL, 
	answers JSON NOT NULL, 
	expires_at DATETIME NOT NULL, messages JSON, 
	CONSTRAINT pk_talk PRIMARY KEY (person)
);
CREATE TABLE term (
	id INTEGER NOT NULL, 
	concept_id TEXT NOT NULL, 
	language TEXT NOT NULL, 
	text TEXT NOT NULL, 
	folded TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	checked BOOLEAN NOT NULL, 
	usage TEXT, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_term PRIMARY KEY (id), 
	CONSTRAINT fk_term_concept_id FOREIGN KEY(concept_id) REFERENCES concept (id) ON DELETE CASCADE, 
	CONSTRAINT uq_term_concept_id_language_kind_text UNIQUE (concept_id, language, kind, text)
);
CREATE TABLE unreadable (
	id INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	room_id TEXT NOT NULL, 
	sender TEXT NOT NULL, 
	session_id TEXT NOT NULL, 
	sent_at DATETIME NOT NULL, 
	content JSON NOT NULL, 
	reason TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	told_at DATETIME, 
	CONSTRAINT pk_unreadable PRIMARY KEY (id), 
	CONSTRAINT uq_unreadable_event_id UNIQUE (event_id)
);
CREATE TABLE weekly_term (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	concept_id TEXT NOT NULL, 
	week TEXT, 
	at DATETIME NOT NULL, 
	CONSTRAINT uq_weekly_term_week UNIQUE (week)
);
CREATE TABLE welcoming (
	id INTEGER NOT NULL, 
	"key" BLOB NOT NULL, 
	next_at DATETIME NOT NULL, 
	CONSTRAINT pk_welcoming PRIMARY KEY (id)
);
CREATE INDEX ix_attendance_person ON attendance (person);
CREATE INDEX ix_audit_subject_id ON audit (subject, id);
CREATE INDEX ix_change_proposal_id ON change (proposal_id);
CREATE INDEX ix_change_subject_id ON change (subject, id);
CREATE INDEX ix_commitment_country_submission_id ON commitment (country, submission_id);
CREATE INDEX ix_commitment_deadline ON commitment (deadline);
CREATE INDEX ix_commitment_met_at ON commitment (met_at);
CREATE INDEX ix_concept_topic_position ON concept (topic, position);
CREATE INDEX ix_counted_cell ON counted (cell);
CREATE INDEX ix_device_curve25519 ON device (curve25519);
CREATE INDEX ix_due_due_at ON due (due_at);
CREATE INDEX ix_focal_holder ON focal (holder);
CREATE INDEX ix_following_what ON following (what);
CREATE INDEX ix_inbox_state_room_id_seq ON inbox (state, room_id, seq);
CREATE INDEX ix_inbox_target ON inbox (target);
CREATE INDEX ix_occurrence_ends_at ON occurrence (ends_at);
CREATE INDEX ix_occurrence_starts_at ON occurrence (starts_at);
CREATE INDEX ix_olm_session_device_key_received_at ON olm_session (device_key, received_at);
CREATE INDEX ix_outbox_about ON outbox (about);
CREATE INDEX ix_outbox_cause_part ON outbox (cause, part);
CREATE INDEX ix_outbox_event_id ON outbox (event_id);
CREATE INDEX ix_outbox_state_room_id_priority_id ON outbox (state, room_id, priority, id);
CREATE INDEX ix_proposal_room_id_id ON proposal (room_id, id);
CREATE INDEX ix_relation_other_id ON relation (other_id);
CREATE INDEX ix_reminder_person ON reminder (person);
CREATE INDEX ix_review_submission_id_id ON review (submission_id, id);
CREATE INDEX ix_room_key_received_at ON room_key (received_at);
CREATE INDEX ix_source_concept_id ON source (concept_id);
CREATE INDEX ix_submission_about ON submission (about);
CREATE INDEX ix_submission_author ON submission (author);
CREATE INDEX ix_submission_public_at_id ON submission (public_at, id);
CREATE INDEX ix_submission_public_country_public_at_id ON submission (public_country, public_at, id);
CREATE INDEX ix_submission_state_updated_at ON submission (state, updated_at);
CREATE INDEX ix_talk_expires_at ON talk (expires_at);
CREATE INDEX ix_term_concept_id ON term (concept_id);
CREATE INDEX ix_term_folded ON term (folded);
CREATE INDEX ix_unreadable_sender ON unreadable (sender);
CREATE INDEX ix_unreadable_session_id ON unreadable (session_id);

CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE concept (
	id TEXT NOT NULL, 
	topic TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_concept PRIMARY KEY (id)
);
CREATE TABLE definition (
	concept_id TEXT NOT NULL, 
	language TEXT NOT NULL, 
	text TEXT NOT NULL, 
	usage_note TEXT, 
	CONSTRAINT pk_definition PRIMARY KEY (concept_id, language), 
	CONSTRAINT fk_definition_concept_id FOREIGN KEY(concept_id) REFERENCES concept (id) ON DELETE CASCADE
);
CREATE VIRTUAL TABLE glossary_text USING fts5(concept_id UNINDEXED, language UNINDEXED, names, meaning, tokenize = 'unicode61 remove_diacritics 0', prefix = '3 4 5');
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
	handled_at DATETIME, 
	CONSTRAINT uq_inbox_event_id UNIQUE (event_id)
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
	sent_at DATETIME, 
	CONSTRAINT uq_outbox_txn_id UNIQUE (txn_id)
);
CREATE TABLE person (
	user_id TEXT NOT NULL, 
	language TEXT, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_person PRIMARY KEY (user_id)
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
	since DATETIME NOT NULL, 
	CONSTRAINT pk_room PRIMARY KEY (room_id)
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
CREATE TABLE sync_position (
	id INTEGER NOT NULL, 
	next_batch TEXT NOT NULL, 
	synced_at DATETIME NOT NULL, 
	CONSTRAINT pk_sync_position PRIMARY KEY (id)
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
CREATE INDEX ix_concept_topic_position ON concept (topic, position);
CREATE INDEX ix_inbox_state_room_id_seq ON inbox (state, room_id, seq);
CREATE INDEX ix_inbox_target ON inbox (target);
CREATE INDEX ix_outbox_about ON outbox (about);
CREATE INDEX ix_outbox_cause_part ON outbox (cause, part);
CREATE INDEX ix_outbox_state_room_id_priority_id ON outbox (state, room_id, priority, id);
CREATE INDEX ix_relation_other_id ON relation (other_id);
CREATE INDEX ix_source_concept_id ON source (concept_id);
CREATE INDEX ix_term_concept_id ON term (concept_id);
CREATE INDEX ix_term_folded ON term (folded);

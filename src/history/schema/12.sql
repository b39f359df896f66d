-- Files of deleted contacts that could not be deleted yet: whoever looks after files does it when their place answers, whichever instance that is.
CREATE TABLE owed_file (contact TEXT NOT NULL PRIMARY KEY, until BIGINT NOT NULL){compact};

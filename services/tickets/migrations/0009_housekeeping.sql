-- What is removed after a time is found by its age.

CREATE INDEX requests_created ON requests (created_at);

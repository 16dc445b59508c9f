-- The rate budget: one atomic call reserves a slot. PostgreSQL's clock is the only clock, and the account's row in
-- sync.rate_budgets is locked meanwhile, so that all processes form one line.
--
--   slot(n) = max(now, slot(n - 1), blocked_until, slot(n - limit) + window)
--
-- Hence no rolling window ever holds more than `limit` slots. A slot that was given back (-infinity) does not count: the
-- one before it stands for it, so that neither of the two bounds is lost. p_settled holds the numbers of slots that were answered
-- and, in the same order in p_settled_at, until when they had arrived for certain: the window counts from there.
CREATE FUNCTION sync.reserve_slot(
  p_account text,
  p_limit integer,
  p_window interval,
  p_reserve integer,
  p_settled bigint[],
  p_settled_at timestamptz[],
  OUT slot_n bigint,
  OUT slot_at timestamptz,
  OUT now_at timestamptz,
  OUT used integer,
  OUT effective_limit integer,
  OUT others integer,
  OUT suspected boolean,
  OUT halted boolean
) LANGUAGE plpgsql AS $$
DECLARE
  budget sync.rate_budgets;
BEGIN
  SELECT * INTO budget FROM sync.rate_budgets b WHERE b.account = p_account FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO sync.rate_budgets (account) VALUES (p_account) ON CONFLICT (account) DO NOTHING;
    SELECT * INTO budget FROM sync.rate_budgets b WHERE b.account = p_account FOR UPDATE;
  END IF;
  now_at := clock_timestamp();
  -- An answer that is known has come before now, whatever the asker's clock says.
  UPDATE sync.rate_slots s SET at = greatest(s.at, least(done.at, now_at))
    FROM unnest(p_settled, p_settled_at) AS done (n, at)
    WHERE s.account = p_account AND s.n = done.n;
  others := budget.others;
  suspected := budget.unauthorized > 0;
  halted := budget.halted_at IS NOT NULL;
  effective_limit := greatest(1, coalesce(p_limit, budget.max_requests) - p_reserve - budget.others);
  IF halted THEN
    RETURN;
  END IF;
  slot_n := budget.next_n;
  slot_at := greatest(
    now_at,
    budget.blocked_until,
    (SELECT s.at FROM sync.rate_slots s
      WHERE s.account = p_account AND s.n <= slot_n - effective_limit AND s.at > '-infinity'
      ORDER BY s.n DESC LIMIT 1) + p_window,
    (SELECT s.at FROM sync.rate_slots s
      WHERE s.account = p_account AND s.n < slot_n AND s.at > '-infinity'
      ORDER BY s.n DESC LIMIT 1)
  );
  INSERT INTO sync.rate_slots (account, n, at) VALUES (p_account, slot_n, slot_at);
  UPDATE sync.rate_budgets b SET next_n = slot_n + 1 WHERE b.account = p_account;
  IF effective_limit <= 10000 THEN
    SELECT count(*) INTO used FROM sync.rate_slots s
      WHERE s.account = p_account AND s.n > slot_n - 2 * effective_limit AND s.at > now_at - p_window AND s.at <= slot_at;
  END IF;
  IF slot_n % 256 = 0 THEN
    DELETE FROM sync.rate_slots s
      WHERE s.account = p_account AND s.n <= slot_n - effective_limit
        AND s.at < now_at - greatest(p_window, interval '1 hour');
  END IF;
END $$;
--> statement-breakpoint
-- A slot that was waited for, at the moment when its request is to be sent: timers fire late, and the account may have
-- been blocked or halted meanwhile. The slot counts from now; if the window that ends now is full with others, it waits on.
CREATE FUNCTION sync.confirm_slot(
  p_account text,
  p_n bigint,
  p_limit integer,
  p_window interval,
  OUT change text,
  OUT wait_ms double precision
) LANGUAGE plpgsql AS $$
DECLARE
  budget sync.rate_budgets;
  now_at timestamptz;
  recent timestamptz[];
BEGIN
  SELECT * INTO budget FROM sync.rate_budgets b WHERE b.account = p_account FOR UPDATE;
  now_at := clock_timestamp();
  wait_ms := 0;
  change := CASE WHEN budget.halted_at IS NOT NULL THEN 'halted' WHEN budget.blocked_until > now_at THEN 'blocked' ELSE 'nothing' END;
  IF change <> 'nothing' THEN
    RETURN;
  END IF;
  SELECT coalesce(array_agg(s.at ORDER BY s.at), '{}') INTO recent FROM sync.rate_slots s
    WHERE s.account = p_account AND s.n <> p_n AND s.n > p_n - 2 * p_limit
      AND s.at > now_at - p_window AND s.at <= now_at;
  IF cardinality(recent) >= p_limit THEN
    wait_ms := extract(epoch FROM recent[cardinality(recent) - p_limit + 1] + p_window - now_at) * 1000;
    RETURN;
  END IF;
  UPDATE sync.rate_slots s SET at = now_at WHERE s.account = p_account AND s.n = p_n;
END $$;
--> statement-breakpoint
-- A slot that will not be used. The last ones of the log leave it, so that the next one is reserved as if they had never
-- been; one in the middle stays as a hole, for those behind it have their times already.
CREATE FUNCTION sync.give_back_slot(p_account text, p_n bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  last_n bigint;
BEGIN
  PERFORM FROM sync.rate_budgets b WHERE b.account = p_account FOR UPDATE;
  UPDATE sync.rate_slots s SET at = '-infinity' WHERE s.account = p_account AND s.n = p_n;
  SELECT s.n INTO last_n FROM sync.rate_slots s
    WHERE s.account = p_account AND s.at > '-infinity' ORDER BY s.n DESC LIMIT 1;
  DELETE FROM sync.rate_slots s WHERE s.account = p_account AND s.n > coalesce(last_n, p_n - 1);
  UPDATE sync.rate_budgets b SET next_n = coalesce(last_n + 1, p_n) WHERE b.account = p_account;
END $$;
--> statement-breakpoint
-- What an answer's headers say. More requests used than our own log holds means that others use the key.
CREATE FUNCTION sync.observe_budget(p_account text, p_used integer, p_max integer, p_window interval)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  budget sync.rate_budgets;
  own integer;
BEGIN
  SELECT * INTO budget FROM sync.rate_budgets b WHERE b.account = p_account FOR UPDATE;
  IF p_max BETWEEN 1 AND 10000 AND p_used IS NOT NULL THEN
    -- A second more than the window: a slot that just left ours may still have stood in the API's.
    SELECT count(*) INTO own FROM sync.rate_slots s
      WHERE s.account = p_account AND s.n > budget.next_n - 2 * p_max
        AND s.at > clock_timestamp() - p_window - least(p_window / 20, interval '1 second')
        AND s.at <= clock_timestamp() + interval '50 milliseconds';
  END IF;
  UPDATE sync.rate_budgets b
    SET max_requests = coalesce(nullif(p_max, 0), b.max_requests),
        others = coalesce(greatest(0, p_used - own), 0)
    WHERE b.account = p_account
      AND (b.max_requests, b.others) IS DISTINCT FROM
          (coalesce(nullif(p_max, 0), b.max_requests), coalesce(greatest(0, p_used - own), 0));
END $$;

"""Tools that look into running programs see code that is laid out as any other."""

from laid_out import ran


def test_tracing_and_monitoring_see_it_and_end() -> None:
    program = """
        import cProfile, io, pdb
        lines = []
        def trace(frame, event, argument):
            lines.append((frame.f_code.co_name, event, frame.f_lineno))
            return trace
        for _ in range(2):
            sys.settrace(trace)
            json.loads("[1]")
            sys.settrace(None)
        events = sys.monitoring.events
        sys.monitoring.use_tool_id(1, "test")
        seen = []
        sys.monitoring.register_callback(1, events.LINE, lambda code, line: seen.append(line))
        sys.monitoring.set_local_events(1, decode.__code__, events.LINE)
        json.loads("[1]")
        sys.monitoring.set_local_events(1, decode.__code__, 0)
        json.loads("[1]")
        profile = cProfile.Profile()
        profile.runcall(json.loads, "[1]")
        said = io.StringIO()
        debugger = pdb.Pdb(stdin=io.StringIO("b json.decoder.JSONDecoder.decode\\nc\\nw\\nc\\n"),
                           stdout=said, nosigint=True, readrc=False)
        debugger.run("json.loads('[1]')", globals())
        first = decode.__code__.co_firstlineno
        print(("decode", "call", first) in lines, len(lines) % 2, len(seen) > 2,
              any(e.code is decode.__code__ for e in profile.getstats()),
              "obj, end = self.raw_decode" in said.getvalue())
        """
    assert ran(program) == "True 0 True True True"

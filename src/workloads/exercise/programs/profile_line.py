# Which line of main, or of what it calls, takes most of the time? Return its text.
#
#     python -m cProfile -s tottime THIS_FILE    tells the function
#     %lprun in IPython, or python -m kernprof -lv with @profile before a function, tells the line
#
# Hint: tottime is a function's own time. sorted is built in: which line calls it?


def checksum(values):
    total = 0
    for value in 10 * values:
        total = (31 * total + value) % 65521
    return total


def middle(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def smooth(values, width):
    result = []
    for first in range(len(values) - width):
        result.append(middle(values[first : first + width]))
    return result


def main():
    values = [number * 7919 % 10007 for number in range(6000)]
    print(checksum(smooth(values, 2000)))


def hot_line():
    """Return the text of the hot line."""
    # Hole: profile main, and return the text of its hot line
    return "ordered = sorted(values)"
    # End of the hole.


if __name__ == "__main__":
    main()

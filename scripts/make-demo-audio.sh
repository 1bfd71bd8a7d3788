#!/bin/sh
# Makes web/demo.mp3: twelve seconds of four soft chords, from nothing but sine waves, so that it is free of other
# people's rights. 48 kHz and 96 kbit/s: every frame is 288 bytes and 24 ms, so the file is a whole number of frames and
# loops without a seam; each chord fades in and out, so the seam is silent too. No ID3 tag and no Xing frame: both would
# be heard or shown again at every turn.
set -eu
out="${1:-$(dirname "$0")/../web/demo.mp3}"
seconds=12

# One chord of 3 s beginning at $1: a bass note $2 held, and the notes $3 $4 $5 plucked one after the other and again.
chord() {
  bass="0.20*sin(2*PI*$2*t)"
  notes=""
  i=0
  for note in "$3" "$4" "$5" "$4" "$3" "$5"; do
    at="($1+0.5*$i)"
    notes="$notes+0.16*exp(-3.2*max(0,t-$at))*(1-exp(-120*max(0,t-$at)))*(sin(2*PI*$note*t)+0.25*sin(4*PI*$note*t))"
    i=$((i + 1))
  done
  envelope="between(t,$1,$1+3)*min(1,8*(t-$1))*min(1,8*($1+3-t))"
  echo "$envelope*($bass$notes)"
}

am=$(chord 0 110.00 440.00 523.25 659.26)
f=$(chord 3 87.31 349.23 440.00 523.25)
c=$(chord 6 130.81 392.00 523.25 659.26)
g=$(chord 9 98.00 392.00 493.88 587.33)

ffmpeg -v error -y -f lavfi -i "aevalsrc='$am+$f+$c+$g':s=48000:d=$seconds" \
  -ac 1 -c:a libmp3lame -b:a 96k -compression_level 0 -write_xing 0 -id3v2_version 0 -write_id3v1 0 \
  -fflags +bitexact -f mp3 "$out.whole"
# The encoder adds a frame or two of padding at the end; what is kept is exactly the music's length.
head -c $((seconds * 1000 / 24 * 288)) "$out.whole" > "$out"
rm -f "$out.whole"
